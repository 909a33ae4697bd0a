#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "alert/alert.h"
#include "base/topic_table.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"
#include "score/score_options.h"
#include "score/scorer.h"

namespace weir {

/// The score stage over observations in one order: a scorer for each partition that the observations topic has, which gets what the
/// daemons would send there. One thread.
class ScoreStage {
 public:
  /// `sources`: as many ranges as there are.
  ScoreStage(const ScoreOptions& options, TopicTable topics, int32_t partitions, std::vector<SourceReport> sources);

  /// The state of all partitions before the first record.
  void begin_with(std::vector<std::unique_ptr<Scorer>> scorers);

  /// What they borrow must stay until score().
  void add(const Observation& observation);
  void add(const CorrelationEvent& event);
  /// So often, in the broker's time, the daemons' blocks tell a partition how far all sources are.
  static constexpr int64_t kTellSourcesMs = 1'000;

  /// A record of the source: it has come so far at least.
  void source_comes_to(uint32_t source, EventTime time) {
    sources_[source].time_ms = std::max(sources_[source].time_ms, time.time_since_epoch().count());
  }
  /// How far the event time of a source has come, by its latest clients.
  void source_at(uint32_t source, int64_t time_ms) { sources_[source].time_ms = time_ms; }

  [[nodiscard]] size_t waiting() const { return waiting_; }
  /// Scores what was added; `now_ms`: the broker's time of the last record. Appends the alerts and what they led to, partition by
  /// partition.
  void score(int64_t now_ms, std::vector<Alert>& alerts, std::vector<DecisionChange>& decisions);
  /// At the end of what there is: tells all partitions where the sources stand, as daemons do while nothing comes, and scores what
  /// waits for its turn.
  void finish(int64_t now_ms, std::vector<Alert>& alerts, std::vector<DecisionChange>& decisions);
  /// Of all partitions.
  [[nodiscard]] ScorerStatistics statistics() const;

 private:
  struct Partition {
    std::unique_ptr<Scorer> scorer;  // made when it is needed: a table of clients is large
    std::vector<Observation> observations;
    std::vector<CorrelationEvent> events;
    int64_t told_ms = INT64_MIN;  // of the sources
  };

  Partition& partition_of_hash(uint64_t hash);

  ScoreOptions options_;
  TopicTable topics_;
  std::vector<Partition> partitions_;
  std::vector<SourceReport> sources_;
  size_t waiting_ = 0;
};

}  // namespace weir
