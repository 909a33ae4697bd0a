#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "lane/sources/corrected_times.h"
#include "lane/sources/source_estimate.h"
#include "pipeline/analyzer.h"
#include "score/scorer.h"

namespace weir {

/// Both stages over lines of files, without Kafka: one partition, in the order read. One thread.
class LineJudge {
 public:
  /// The slot and the counters must outlive it.
  LineJudge(const Config& config, const RuleSlot& rules, DetectCounters& counters);

  /// How lines are read from now on.
  void use(const AnalyzerOptions& options) { analyzer_.emplace(options, rules_, counters_); }
  /// Judges and scores some lines; what stood before them in the same file is known by its clock. `alerts` becomes those that they cause.
  Status judge(std::span<const std::string_view> lines, SourceEstimate& clock, std::vector<Alert>& alerts);

  /// Of the last lines.
  [[nodiscard]] const AnalyzedBatch& batch() const { return analyzed_; }
  /// What the last lines led to.
  [[nodiscard]] const std::vector<DecisionChange>& decisions() const { return decisions_; }
  Scorer& scorer() { return scorer_; }
  [[nodiscard]] uint64_t wrong_clocks() const { return wrong_clocks_; }
  [[nodiscard]] uint64_t score_ns() const { return score_ns_; }

 private:
  void correct_clocks(SourceEstimate& clock);

  const RuleSlot& rules_;
  DetectCounters& counters_;
  std::optional<Analyzer> analyzer_;
  Scorer scorer_;
  int64_t offset_ = 0;  // of all files: what a topic's offset would be
  uint64_t wrong_clocks_ = 0, score_ns_ = 0;
  std::vector<RawRecord> records_;
  AnalyzedBatch analyzed_;
  std::vector<SourceEstimate::Next> times_;  // of the batch's requests
  CorrectedTimes corrected_;
  std::vector<DecisionChange> decisions_;
};

}  // namespace weir
