#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/topic_table.h"
#include "pipeline/counters.h"
#include "pipeline/record_judge.h"
#include "pipeline/rule_slot.h"
#include "policy/policy_rule.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"

namespace weir {

/// A record as it comes from Kafka or from a file. The payload must stay valid during analyze().
struct RawRecord {
  std::string_view payload;
  EventTime
      append_time{};  ///< the broker's timestamp; event times later than it are clamped. EventTime::max() for files
  RecordCoordinates at;
};

struct RejectedRecord {
  uint32_t index = 0;  ///< into the batch
  RejectReason reason = RejectReason::kNone;
  std::string detail;
};

/// The verdict on one request, kept for `weir scan`.
struct RecordVerdict {
  uint32_t index = 0;
  EventTime time{};
  std::string_view request_id;
  std::string_view client;        ///< its identity
  std::string_view host, target;  ///< the path and the query, masked
  int score = 0;
  bool malicious = false;
  CategoryMask categories = 0;
  std::vector<uint32_t> rules;         ///< indices into RuleSet::rules()
  std::vector<PolicyRule> violations;  ///< of the policy; one may stand more than once
};

/// The results of one batch. Reused; the observations' views are valid until the next analyze() into it.
struct AnalyzedBatch {
  std::vector<Observation> observations;  ///< in the order of the batch
  std::vector<RejectedRecord> rejected;
  std::vector<RecordVerdict> verdicts;               ///< filled only when AnalyzerOptions::keep_verdicts
  std::vector<CorrelationEvent> correlation_events;  ///< in the order of the batch; of the rules in force
  size_t passed_over = 0;                            ///< requests outside of AnalyzerOptions::times
  Arena arena;                                       ///< what the observations and verdicts borrow
  std::shared_ptr<const void> definitions;           ///< keeps those of the events
};

/// Event times from `from` on and before `until`.
struct TimeRange {
  EventTime from = EventTime::min();
  EventTime until = EventTime::max();
  [[nodiscard]] bool contains(EventTime time) const { return from <= time && time < until; }
};

struct AnalyzerOptions : JudgeOptions {
  TopicTable topics{};  ///< tells the source of each topic; a topic it does not know is of the first
  bool keep_verdicts = false;
  TimeRange times{};  ///< requests of other times are passed over, neither judged nor scored
};

/// The detect stage without Kafka and threads: raw records in, observations and rejects out. One per lane.
class Analyzer {
 public:
  Analyzer(AnalyzerOptions options, const RuleSlot& rules, DetectCounters& counters);
  ~Analyzer();

  /// Judges one batch with the rule set in force at its start. Clears `out` first. Every record ends in observations (of each
  /// request in it), in rejected, or in both where only a part of it could be read; lines that a profile skips in neither. Never blocks; allocation only for malicious and rejected records.
  Status analyze(std::span<const RawRecord> batch, AnalyzedBatch& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
