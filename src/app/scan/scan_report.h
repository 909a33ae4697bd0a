#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "alert/alert.h"
#include "pipeline/counters.h"
#include "policy/policy.h"
#include "score/scorer.h"

namespace weir {

/// The figures of one `weir scan` or `weir replay`.
struct ScanReport {
  const char* command = "scan";  ///< by which it is named
  DetectCounters detect;
  ScoreCounters score;
  ScorerStatistics scorer;
  std::shared_ptr<const Policy> policy;  ///< null: none
  uint64_t passed_over = 0;              ///< requests of other times than wanted
  uint64_t wrong_clocks = 0;             ///< requests scored with the time of those around them
  double seconds = 0;                    ///< wall time without loading the rules

  void count(const Alert& alert) {
    score.alerts[static_cast<size_t>(alert.kind)][static_cast<size_t>(alert.severity)].add();
  }
};

/// Prints the summary (to nowhere if null) and writes the JSON file if one is named. Returns the exit code: 1 when the matcher failed on a record
/// or the file cannot be written.
int finish_scan_report(const ScanReport& report, std::FILE* summary, const std::string& json_file);

}  // namespace weir
