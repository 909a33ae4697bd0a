#include "metrics/kafka_metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/families.h"
#include "metrics/names.h"

namespace weir {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
using Lanes = std::vector<LaneCounters>;
using Pick = const Counter& (*)(const KafkaCounters&);

struct StageSum {
  std::string_view stage;
  bool present = false;
  uint64_t value = 0;
};

/// One counter summed over the lanes of each stage. A stage without lanes in this process has no sample.
std::array<StageSum, 2> by_stage(const Lanes& lanes, Pick counter) {
  std::array<StageSum, 2> sums{StageSum{"detect"}, StageSum{"score"}};
  for (const LaneCounters& lane : lanes) {
    StageSum& sum = sums[lane.detect != nullptr ? 0 : 1];
    sum.present = true;
    sum.value += counter(*lane.kafka).value();
  }
  return sums;
}

void stage_family(FamilyBuilder family, const Lanes& lanes, Pick counter, Families& out) {
  for (const StageSum& sum : by_stage(lanes, counter)) {
    if (sum.present) family.sample(static_cast<double>(sum.value), {{metric::label::kStage, sum.stage}});
  }
  out.push_back(family.take());
}

void plain_family(const metric::Name& name, const Lanes& lanes, Pick counter, Families& out) {
  uint64_t total = 0;
  for (const LaneCounters& lane : lanes)
    total += counter(*lane.kafka).value();
  out.push_back(FamilyBuilder::counter(name).sample(static_cast<double>(total)).take());
}

prometheus::MetricFamily consumer_lag(const Lanes& lanes) {
  // A partition that moves between two lanes may stand in both tables for a moment; one series may come only once.
  std::map<std::pair<std::string_view, int32_t>, uint64_t> lags;
  for (const LaneCounters& lane : lanes) {
    for (const LagTable::Entry& entry : lane.kafka->lag.entries()) {
      if (entry.topic >= lane.topics.size()) continue;
      uint64_t& lag = lags[{lane.topics[entry.topic], entry.partition}];
      lag = std::max(lag, entry.records);
    }
  }
  FamilyBuilder family = FamilyBuilder::gauge(metric::kConsumerLag);
  for (const auto& [where, lag] : lags) {
    family.sample(static_cast<double>(lag),
                  {{metric::label::kTopic, where.first}, {metric::label::kPartition, std::to_string(where.second)}});
  }
  return family.take();
}

prometheus::MetricFamily end_to_end(const Lanes& lanes) {
  std::vector<uint64_t> counts(kLatencySecondsBounds.size() + 1);
  double sum = 0;
  for (const LaneCounters& lane : lanes) {
    const auto& latency = lane.kafka->alert_latency_seconds;
    for (size_t bucket = 0; bucket < counts.size(); ++bucket)
      counts[bucket] += latency.count(bucket);
    sum += latency.sum();
  }
  const std::vector<double> bounds(kLatencySecondsBounds.begin(), kLatencySecondsBounds.end());
  return FamilyBuilder::histogram(metric::kEndToEndSeconds).buckets(bounds, counts, sum).take();
}

}  // namespace

void collect_kafka(const Lanes& lanes, Families& out) {
  using Kafka = KafkaCounters;
  const auto counter = [&](const metric::Name& name, Pick pick) {
    stage_family(FamilyBuilder::counter(name), lanes, pick, out);
  };
  out.push_back(end_to_end(lanes));
  counter(
      metric::kConsumed, [](const Kafka& lane) -> auto& { return lane.consumed_records; });
  counter(
      metric::kConsumedBytes, [](const Kafka& lane) -> auto& { return lane.consumed_bytes; });
  counter(
      metric::kProduced, [](const Kafka& lane) -> auto& { return lane.produced_messages; });
  counter(
      metric::kProducedBytes, [](const Kafka& lane) -> auto& { return lane.produced_bytes; });
  counter(
      metric::kDeliveryErrors, [](const Kafka& lane) -> auto& { return lane.delivery_errors; });
  counter(
      metric::kQueueFullWaits, [](const Kafka& lane) -> auto& { return lane.queue_full_waits; });
  out.push_back(consumer_lag(lanes));
  stage_family(
      FamilyBuilder::gauge(metric::kAssignedPartitions), lanes,
      [](const Kafka& lane) -> auto& { return lane.assigned_partitions; }, out);
  counter(
      metric::kRebalances, [](const Kafka& lane) -> auto& { return lane.rebalances; });
  counter(
      metric::kCommits, [](const Kafka& lane) -> auto& { return lane.commits; });
  counter(
      metric::kTransactionsCommitted, [](const Kafka& lane) -> auto& { return lane.transactions_committed; });
  counter(
      metric::kTransactionsAborted, [](const Kafka& lane) -> auto& { return lane.transactions_aborted; });
  counter(
      metric::kProducerRenewals, [](const Kafka& lane) -> auto& { return lane.producer_renewals; });
  counter(
      metric::kConsumerRenewals, [](const Kafka& lane) -> auto& { return lane.consumer_renewals; });
  counter(
      metric::kCommitFailures, [](const Kafka& lane) -> auto& { return lane.commit_failures; });
  counter(
      metric::kOutputRetries, [](const Kafka& lane) -> auto& { return lane.output_retries; });
  counter(
      metric::kStaleRecords, [](const Kafka& lane) -> auto& { return lane.stale_records; });
  counter(
      metric::kOffsetGaps, [](const Kafka& lane) -> auto& { return lane.offset_gaps; });
  counter(
      metric::kOffsetResets, [](const Kafka& lane) -> auto& { return lane.offset_resets; });
  counter(
      metric::kRecordsLost, [](const Kafka& lane) -> auto& { return lane.records_lost; });
  counter(
      metric::kClientErrors, [](const Kafka& lane) -> auto& { return lane.client_errors; });
  plain_family(
      metric::kDeadLetters, lanes, [](const Kafka& lane) -> auto& { return lane.dead_letters; }, out);
  plain_family(
      metric::kQuarantined, lanes, [](const Kafka& lane) -> auto& { return lane.quarantined; }, out);
  plain_family(
      metric::kDeadLettersTruncated, lanes, [](const Kafka& lane) -> auto& { return lane.dead_letters_truncated; },
      out);
}

}  // namespace weir
