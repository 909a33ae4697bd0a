#pragma once

#include <memory>
#include <span>
#include <vector>

#include "app/replay/rate_limit.h"
#include "app/replay/unit_queues.h"
#include "kafka/ranges/range_reader.h"
#include "lane/sources/corrected_times.h"
#include "lane/sources/source_estimate.h"
#include "pipeline/analyzer.h"

namespace weir {

/// Whether records with wrong clocks are scored with their source's time, as lanes do with score.watermarks.
enum class WrongClocks : uint8_t { kLeft, kCorrected };

/// The detect stage of a replay in one thread: reads its ranges, judges their records by one or several judgements, and hands them on.
class RangeJudge {
 public:
  static constexpr uint32_t kUnitRecords = 512;

  /// `judgements` and `queues` must outlive it. `ranges`: the numbers of those in `reader`, in its order.
  RangeJudge(std::unique_ptr<RangeReader> reader, std::vector<uint32_t> ranges, const AnalyzerOptions& options,
             std::span<const RuleSlot* const> judgements, WrongClocks clocks, UnitQueues& queues, RateLimit& limit);

  /// Until all ranges are at their ends, or the queues are stopped. An error stops them.
  void run();

  /// What one judgement counted; of the lead, or of what was asked for.
  [[nodiscard]] const DetectCounters& counters(size_t judgement) const { return judges_[judgement]->counters; }

 private:
  /// One judgement: events of correlations refer to its analyzers, which therefore live as long as the scoring.
  struct Judge {
    Judge(const AnalyzerOptions& options, const RuleSlot& rules)
        : lead(options, rules, lead_counters), main(options, rules, counters) {}
    DetectCounters lead_counters, counters;
    Analyzer lead, main;
  };

  Status work();
  Result<bool> work_on(size_t local, Milliseconds wait);
  Status judge(size_t local);
  void correct_clocks(JudgedUnit& unit, size_t local);
  bool pause_for(uint64_t records);

  std::unique_ptr<RangeReader> reader_;
  std::vector<uint32_t> ranges_;
  std::vector<bool> finished_;
  std::vector<SourceEstimate> estimates_;  // by local range
  std::vector<std::unique_ptr<Judge>> judges_;
  WrongClocks clocks_;
  UnitQueues& queues_;
  RateLimit& limit_;
  std::vector<RawRecord> raw_;
  std::vector<int64_t> append_ms_;
  CorrectedTimes corrected_;
};

}  // namespace weir
