#pragma once

#include <cstdint>
#include <vector>

#include "detect/match/known_lines.h"
#include "detect/match/match_task.h"
#include "detect/program/line_gates.h"
#include "detect/program/rule_set_options.h"

namespace weir {

/// A pattern that matched in a line of the record, for the first time.
struct Report {
  uint32_t pattern = 0;
  uint32_t line = 0;
  uint32_t end = 0;  ///< offset into the line
};

/// An atom that matched in a line of the record.
struct RecordHit {
  uint32_t line = 0;
  LineHit hit;
};

/// A line of the record that is to be scanned, and by which patterns.
struct GatedLine {
  uint32_t line = 0;
  GateMask gates = 0;
  SecurityLevel level = SecurityLevel::kStandard;  ///< at which it is scanned
  LineKey key;                                     ///< of a line that may be remembered
};

/// What scanning found in one record: what is known of its lines, and what was reported in the others.
struct RecordScan {
  const MatchTask* task = nullptr;
  std::vector<RecordHit> known_hits;                     ///< of lines whose hits are known
  std::vector<GatedLine> unknown_lines;                  ///< the others; at first all
  std::vector<Report> reports;                           ///< of the others, group by group
  SecurityLevel strictest = SecurityLevel::kPermissive;  ///< of the lines' scan levels
  GateMask gates = 0;                                    ///< that some unknown line passes
  bool sees_more = false;                                ///< some line is scanned at a stricter level than its own
  bool capped = false;                                   ///< a scan was ended early
  bool failed = false;                                   ///< the library reported an error

  void begin(const MatchTask& new_task) {
    task = &new_task;
    known_hits.clear();
    unknown_lines.clear();
    reports.clear();
    strictest = SecurityLevel::kPermissive;
    gates = 0;
    sees_more = capped = failed = false;
  }
};

}  // namespace weir
