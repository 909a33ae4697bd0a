#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "app/replay/judged_unit.h"
#include "app/replay/record_order.h"
#include "app/replay/score_stage.h"
#include "app/replay/unit_queues.h"
#include "kafka/client_options.h"
#include "kafka/ranges/topic_ranges.h"
#include "pipeline/analyzer.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// Hears what a replay finds, on the thread that runs it, in the order of the records.
class ReplaySink {
 public:
  ReplaySink() = default;
  ReplaySink(const ReplaySink&) = delete;
  ReplaySink& operator=(const ReplaySink&) = delete;
  virtual ~ReplaySink() = default;

  /// The records of the unit up to this number, without it: those before were told already. The cursors of verdicts and refusals in the
  /// unit are the sink's own. Not of the lead.
  virtual void take(JudgedUnit& unit, uint32_t until) = 0;
  /// Alerts that records of one judgement caused; not of the lead.
  virtual void take(size_t judgement, std::span<const Alert> alerts) = 0;
  /// What these led to, and what ended.
  virtual void take_decisions(size_t /*judgement*/, std::span<const DecisionChange> /*decisions*/) {}
};

struct ReplayOptions {
  ClientOptions client;
  TopicTable topics;
  std::vector<PartitionRange> ranges;  ///< in the order of topics and partitions
  uint32_t threads = 1;
  uint64_t records_per_second_max = 0;  ///< 0: no limit
  AnalyzerOptions analyzer;
  ScoreOptions score;
  int32_t observations_partitions = 1;
  /// What is known of the clients before the first record, by partition of the observations; none: nothing. For one judgement.
  std::vector<std::unique_ptr<Scorer>> scorers{};
};

/// Both stages over ranges of topics, by one or several judgements at once: threads judge, and the one that runs it scores, in an order
/// that depends on the records alone.
class Replay {
 public:
  Replay(ReplayOptions options, std::vector<const RuleSlot*> judgements);
  ~Replay();

  /// `tick` is called often, with the number of offsets and of records that are done; false: the replay ends here. Blocks until all is
  /// judged and scored.
  using Tick = std::function<bool(uint64_t offsets, uint64_t records)>;
  Status run(ReplaySink& sink, const Tick& tick);

  /// The offsets of all ranges.
  [[nodiscard]] uint64_t offsets() const;
  [[nodiscard]] uint64_t lead_records() const { return lead_records_; }
  /// What a judgement counted, of what was asked for.
  void add_counters(size_t judgement, DetectCounters& sum) const;
  [[nodiscard]] ScorerStatistics statistics(size_t judgement) const { return stages_[judgement].statistics(); }

 private:
  struct Workers;
  enum class Part : uint8_t { kLead, kMain };

  Status start();
  void merge(Part part, ReplaySink& sink);
  void take_run(JudgedUnit& unit, uint32_t until, ReplaySink& sink);
  void next_unit(uint32_t range, Part part);
  void score(Part part, ReplaySink& sink);
  void finish(ReplaySink& sink);
  void hand_on(size_t stage, Part part, ReplaySink& sink);
  void tick();

  ReplayOptions options_;
  std::vector<const RuleSlot*> judgements_;
  std::vector<ScoreStage> stages_;  // by judgement
  UnitQueues queues_;
  std::unique_ptr<Workers> workers_;
  RecordOrder order_;
  std::vector<UnitQueues::Unit> heads_;    // by range
  std::vector<uint32_t> positions_;        // in them
  std::vector<UnitQueues::Unit> used_up_;  // but what waits to be scored refers to them
  std::vector<int64_t> offsets_done_;      // by range: the next offset
  std::vector<Alert> alerts_;
  std::vector<DecisionChange> decisions_;
  int64_t now_ms_ = INT64_MIN;         // of the latest record
  int64_t scored_ms_ = INT64_MIN / 2;  // now_ms_ when the stages scored last
  uint64_t records_ = 0, lead_records_ = 0, runs_ = 0;
  Tick tick_;
};

}  // namespace weir
