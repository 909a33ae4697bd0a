#include "app/replay/score_stage.h"

#include <utility>

#include "base/assert.h"
#include "lane/block_router.h"

namespace weir {
namespace {

void add_to(ScorerStatistics& sum, const ScorerStatistics& statistics) {
  sum.observations += statistics.observations;
  sum.clients += statistics.clients;
  sum.clients_evicted += statistics.clients_evicted;
  sum.clients_expired += statistics.clients_expired;
  sum.state_bytes += statistics.state_bytes;
  sum.episodes_open += statistics.episodes_open;
  sum.alerts_suppressed += statistics.alerts_suppressed;
  for (size_t i = 0; i < sum.outcomes.size(); ++i)
    sum.outcomes[i] += statistics.outcomes[i];
  sum.bursts_late += statistics.bursts_late;
  sum.order_late += statistics.order_late;
  sum.order_early += statistics.order_early;
  sum.correlation_events += statistics.correlation_events;
  sum.correlation_late += statistics.correlation_late;
  sum.correlation_evicted += statistics.correlation_evicted;
  sum.correlation_groups += statistics.correlation_groups;
}

}  // namespace

ScoreStage::ScoreStage(const ScoreOptions& options, TopicTable topics, int32_t partitions,
                       std::vector<SourceReport> sources)
    : options_(options),
      topics_(std::move(topics)),
      partitions_(static_cast<size_t>(partitions)),
      sources_(std::move(sources)) {
  // In the order in which the broker took the records, each source is always read as far as there is something.
  for (SourceReport& source : sources_)
    source.at_end = true;
}

void ScoreStage::begin_with(std::vector<std::unique_ptr<Scorer>> scorers) {
  WEIR_ASSERT(scorers.size() == partitions_.size(), "a state for each partition");
  for (size_t i = 0; i < scorers.size(); ++i)
    partitions_[i].scorer = std::move(scorers[i]);
}

ScoreStage::Partition& ScoreStage::partition_of_hash(uint64_t hash) {
  Partition& partition = partitions_[static_cast<size_t>(partition_of(hash, static_cast<int32_t>(partitions_.size())))];
  if (!partition.scorer) partition.scorer = std::make_unique<Scorer>(options_, topics_);
  ++waiting_;
  return partition;
}

void ScoreStage::add(const Observation& observation) {
  partition_of_hash(observation.client_hash).observations.push_back(observation);
}

void ScoreStage::add(const CorrelationEvent& event) {
  partition_of_hash(event.group_hash).events.push_back(event);
}

void ScoreStage::score(int64_t now_ms, std::vector<Alert>& alerts, std::vector<DecisionChange>& decisions) {
  if (waiting_ == 0) return;
  waiting_ = 0;
  for (Partition& partition : partitions_) {
    if (partition.observations.empty() && partition.events.empty()) continue;
    const bool tells =
        options_.watermarks && (partition.told_ms == INT64_MIN || now_ms - partition.told_ms >= kTellSourcesMs);
    if (tells) {
      partition.scorer->take_sources(sources_, now_ms);
      partition.told_ms = now_ms;
    }
    partition.scorer->observe(partition.observations, partition.events, alerts);
    if (tells) partition.scorer->follow_sources(alerts);
    for (DecisionChange& change : partition.scorer->take_decisions())
      decisions.push_back(std::move(change));
    partition.observations.clear();
    partition.events.clear();
  }
}

void ScoreStage::finish(int64_t now_ms, std::vector<Alert>& alerts, std::vector<DecisionChange>& decisions) {
  if (!options_.watermarks) return;
  for (Partition& partition : partitions_) {
    if (!partition.scorer) continue;
    partition.scorer->take_sources(sources_, now_ms);
    partition.scorer->follow_sources(alerts);
    partition.scorer->score_waiting(alerts);
    for (DecisionChange& change : partition.scorer->take_decisions())
      decisions.push_back(std::move(change));
    partition.told_ms = now_ms;
  }
}

ScorerStatistics ScoreStage::statistics() const {
  ScorerStatistics sum;
  for (const Partition& partition : partitions_)
    if (partition.scorer) add_to(sum, partition.scorer->statistics());
  return sum;
}

}  // namespace weir
