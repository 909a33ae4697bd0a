#include "metrics/registry.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "metrics/families.h"
#include "metrics/kafka_metrics.h"
#include "metrics/names.h"
#include "metrics/process_metrics.h"

namespace weir {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
using DetectLanes = std::vector<const DetectCounters*>;
using ScoreLanes = std::vector<const ScoreCounters*>;

double as_double(uint64_t value) {
  return static_cast<double>(value);
}
double seconds_of(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-9;
}

/// The sum of one counter over all lanes; `counter` picks it.
template <typename Lanes, typename Pick>
uint64_t total(const Lanes& lanes, Pick counter) {
  uint64_t sum = 0;
  for (const auto* lane : lanes)
    sum += counter(*lane).value();
  return sum;
}

template <typename Lanes, typename Pick>
prometheus::MetricFamily counter_family(const metric::Name& name, const Lanes& lanes, Pick counter) {
  return FamilyBuilder::counter(name).sample(as_double(total(lanes, counter))).take();
}

template <typename Lanes, typename Pick>
prometheus::MetricFamily gauge_family(const metric::Name& name, const Lanes& lanes, Pick counter) {
  return FamilyBuilder::gauge(name).sample(as_double(total(lanes, counter))).take();
}

prometheus::MetricFamily parse_errors(const DetectLanes& lanes) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kParseErrors);
  for (size_t i = static_cast<size_t>(RejectReason::kNone) + 1; i < static_cast<size_t>(RejectReason::kCount); ++i) {
    family.sample(as_double(total(
                      lanes, [i](const DetectCounters& lane) -> auto& { return lane.rejected[i]; })),
                  {{metric::label::kReason, to_string(static_cast<RejectReason>(i))}});
  }
  return family.take();
}

prometheus::MetricFamily rule_hits(const DetectLanes& lanes) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kRuleHits);
  for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i) {
    family.sample(as_double(total(
                      lanes, [i](const DetectCounters& lane) -> auto& { return lane.rule_hits[i]; })),
                  {{metric::label::kCategory, to_string(static_cast<Category>(i))}});
  }
  return family.take();
}

prometheus::MetricFamily policy_violations(const DetectLanes& lanes) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kPolicyViolations);
  for (size_t i = 0; i < kPolicyRules; ++i) {
    family.sample(as_double(total(
                      lanes, [i](const DetectCounters& lane) -> auto& { return lane.policy_violations[i]; })),
                  {{metric::label::kRule, info_of(static_cast<PolicyRule>(i)).id}});
  }
  return family.take();
}

prometheus::MetricFamily response_faults(const DetectLanes& lanes) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kResponseFaults);
  for (unsigned i = 0; i < kResponseFaults; ++i) {
    family.sample(as_double(total(
                      lanes, [i](const DetectCounters& lane) -> auto& { return lane.response_faults[i]; })),
                  {{metric::label::kFault, to_string(static_cast<ResponseFault>(1U << i))}});
  }
  return family.take();
}

prometheus::MetricFamily alerts(const ScoreLanes& lanes) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kAlerts);
  constexpr size_t kKinds = std::tuple_size_v<decltype(ScoreCounters::alerts)>;
  constexpr size_t kLevels = std::tuple_size_v<decltype(ScoreCounters::alerts)::value_type>;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (size_t level = 0; level < kLevels; ++level) {
      const auto pick = [=](const ScoreCounters& lane) -> auto& {
        return lane.alerts[kind][level];
      };
      family.sample(as_double(total(lanes, pick)), {{metric::label::kKind, to_string(static_cast<AlertKind>(kind))},
                                                    {metric::label::kSeverity, to_string(static_cast<Level>(level))}});
    }
  }
  return family.take();
}

prometheus::MetricFamily stage_seconds(const DetectLanes& detect, const ScoreLanes& score) {
  FamilyBuilder family = FamilyBuilder::counter(metric::kStageSeconds);
  const auto step = [&family](std::string_view stage, uint64_t nanoseconds) {
    family.sample(seconds_of(nanoseconds), {{metric::label::kStage, stage}});
  };
  step("parse", total(
                    detect, [](const DetectCounters& lane) -> auto& { return lane.parse_ns; }));
  step("decode", total(
                     detect, [](const DetectCounters& lane) -> auto& { return lane.decode_ns; }));
  step("match", total(
                    detect, [](const DetectCounters& lane) -> auto& { return lane.match_ns; }));
  step("observe", total(
                      detect, [](const DetectCounters& lane) -> auto& { return lane.observe_ns; }));
  step("score", total(
                    score, [](const ScoreCounters& lane) -> auto& { return lane.score_ns; }));
  return family.take();
}

prometheus::MetricFamily record_seconds(const DetectLanes& lanes) {
  std::vector<uint64_t> counts(kStageSecondsBounds.size() + 1);
  double sum = 0;
  for (const DetectCounters* lane : lanes) {
    for (size_t bucket = 0; bucket < counts.size(); ++bucket)
      counts[bucket] += lane->seconds_per_record.count(bucket);
    sum += lane->seconds_per_record.sum();
  }
  const std::vector<double> bounds(kStageSecondsBounds.begin(), kStageSecondsBounds.end());
  return FamilyBuilder::histogram(metric::kRecordSeconds).buckets(bounds, counts, sum).take();
}

void collect_detect(const DetectLanes& lanes, Families& out) {
  using Lane = DetectCounters;
  const auto counter = [&](const metric::Name& name, auto pick) { out.push_back(counter_family(name, lanes, pick)); };
  counter(
      metric::kRecords, [](const Lane& lane) -> auto& { return lane.records; });
  counter(
      metric::kRecordBytes, [](const Lane& lane) -> auto& { return lane.bytes; });
  out.push_back(parse_errors(lanes));
  out.push_back(rule_hits(lanes));
  out.push_back(policy_violations(lanes));
  counter(
      metric::kExcludedHits, [](const Lane& lane) -> auto& { return lane.excluded_hits; });
  out.push_back(response_faults(lanes));
  counter(
      metric::kMalicious, [](const Lane& lane) -> auto& { return lane.malicious; });
  counter(
      metric::kRepaired, [](const Lane& lane) -> auto& { return lane.utf8_repaired; });
  counter(
      metric::kTruncated, [](const Lane& lane) -> auto& { return lane.truncated_records; });
  counter(
      metric::kDroppedLines, [](const Lane& lane) -> auto& { return lane.dropped_lines; });
  counter(
      metric::kBotUserAgents, [](const Lane& lane) -> auto& { return lane.bot_user_agents; });
  counter(
      metric::kScanFailures, [](const Lane& lane) -> auto& { return lane.scan_failures; });
  counter(
      metric::kCappedScans, [](const Lane& lane) -> auto& { return lane.capped_scans; });
  counter(
      metric::kExpressionLimits, [](const Lane& lane) -> auto& { return lane.expression_limits; });
  counter(
      metric::kExclusionsLeftOut, [](const Lane& lane) -> auto& { return lane.exclusions_left_out; });
  out.push_back(record_seconds(lanes));
}

void collect_score(const ScoreLanes& lanes, Families& out) {
  using Lane = ScoreCounters;
  const auto counter = [&](const metric::Name& name, auto pick) { out.push_back(counter_family(name, lanes, pick)); };
  const auto gauge = [&](const metric::Name& name, auto pick) { out.push_back(gauge_family(name, lanes, pick)); };
  counter(
      metric::kObservations, [](const Lane& lane) -> auto& { return lane.observations; });
  counter(
      metric::kObservationBlocks, [](const Lane& lane) -> auto& { return lane.blocks; });
  counter(
      metric::kBadBlocks, [](const Lane& lane) -> auto& { return lane.bad_blocks; });
  out.push_back(alerts(lanes));
  counter(
      metric::kAlertsSuppressed, [](const Lane& lane) -> auto& { return lane.alerts_suppressed; });
  counter(
      metric::kBurstsLate, [](const Lane& lane) -> auto& { return lane.bursts_late; });
  gauge(
      metric::kClients, [](const Lane& lane) -> auto& { return lane.clients; });
  counter(
      metric::kClientsEvicted, [](const Lane& lane) -> auto& { return lane.clients_evicted; });
  counter(
      metric::kClientsExpired, [](const Lane& lane) -> auto& { return lane.clients_expired; });
  gauge(
      metric::kStateBytes, [](const Lane& lane) -> auto& { return lane.state_bytes; });
  counter(
      metric::kCorrelationEvents, [](const Lane& lane) -> auto& { return lane.correlation_events; });
  counter(
      metric::kCorrelationLate, [](const Lane& lane) -> auto& { return lane.correlation_late; });
  gauge(
      metric::kCorrelationGroups, [](const Lane& lane) -> auto& { return lane.correlation_groups; });
  counter(
      metric::kCorrelationGroupsEvicted, [](const Lane& lane) -> auto& { return lane.correlation_groups_evicted; });
  gauge(
      metric::kEpisodesOpen, [](const Lane& lane) -> auto& { return lane.episodes_open; });
  counter(
      metric::kRestores, [](const Lane& lane) -> auto& { return lane.restores; });
  uint64_t restore_ms = 0;
  for (const Lane* lane : lanes)
    restore_ms += lane->restore_ms.value();
  out.push_back(FamilyBuilder::counter(metric::kRestoreSeconds).sample(as_double(restore_ms) / 1e3).take());
  counter(
      metric::kReplayed, [](const Lane& lane) -> auto& { return lane.replayed_observations; });
  counter(
      metric::kSnapshotChunks, [](const Lane& lane) -> auto& { return lane.snapshot_chunks; });
  counter(
      metric::kSnapshotBytes, [](const Lane& lane) -> auto& { return lane.snapshot_bytes; });
  counter(
      metric::kChunksDamaged, [](const Lane& lane) -> auto& { return lane.chunks_damaged; });
  counter(
      metric::kChunksLost, [](const Lane& lane) -> auto& { return lane.chunks_lost; });
}

void collect_runtime(const RuntimeCounters* runtime, Families& out) {
  if (runtime == nullptr) return;
  out.push_back(FamilyBuilder::counter(metric::kRuleReloads)
                    .sample(as_double(runtime->rule_reloads_succeeded.value()), {{metric::label::kResult, "success"}})
                    .sample(as_double(runtime->rule_reloads_failed.value()), {{metric::label::kResult, "failure"}})
                    .take());
  out.push_back(FamilyBuilder::gauge(metric::kRulesLoaded).sample(as_double(runtime->rules_loaded.value())).take());
  out.push_back(
      FamilyBuilder::gauge(metric::kLastReload).sample(as_double(runtime->last_reload_succeeded.value())).take());
}

void collect_rules(const RuleSlot* rules, Families& out) {
  if (rules == nullptr) return;
  out.push_back(FamilyBuilder::gauge(metric::kRulesInfo)
                    .sample(1, {{metric::label::kFingerprint, rules->load()->fingerprint()}})
                    .take());
}

void collect_process(Families& out) {
  const std::optional<ProcessStatistics> process = read_process_statistics();
  if (!process) return;
  const auto gauge = [&out](const metric::Name& name, double value) {
    out.push_back(FamilyBuilder::gauge(name).sample(value).take());
  };
  out.push_back(FamilyBuilder::counter(metric::kProcessCpu).sample(process->cpu_seconds).take());
  gauge(metric::kProcessResident, as_double(process->resident_bytes));
  gauge(metric::kProcessVirtual, as_double(process->virtual_bytes));
  gauge(metric::kProcessOpenFds, as_double(process->open_fds));
  gauge(metric::kProcessMaxFds, as_double(process->max_fds));
  gauge(metric::kProcessStart, process->start_time_seconds);
  gauge(metric::kProcessThreads, as_double(process->threads));
}

template <typename Lane>
void add_once(std::vector<const Lane*>& lanes, const Lane& lane) {
  WEIR_ASSERT(std::find(lanes.begin(), lanes.end(), &lane) == lanes.end(), "a lane added twice would count twice");
  lanes.push_back(&lane);
}

}  // namespace

struct MetricsRegistry::Collector : prometheus::Collectable {
  explicit Collector(BuildInfo build_given) : build(std::move(build_given)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    collect_detect(detect, families);
    families.push_back(stage_seconds(detect, score));
    collect_score(score, families);
    collect_kafka(lanes, families);
    collect_runtime(runtime, families);
    collect_rules(rules, families);
    families.push_back(FamilyBuilder::gauge(metric::kBuildInfo)
                           .sample(1, {{metric::label::kVersion, build.version},
                                       {metric::label::kLibrdkafka, build.librdkafka},
                                       {metric::label::kHyperscan, build.hyperscan}})
                           .take());
    collect_process(families);
    return families;
  }

  DetectLanes detect;
  ScoreLanes score;
  std::vector<LaneCounters> lanes;
  const RuntimeCounters* runtime = nullptr;
  const RuleSlot* rules = nullptr;
  BuildInfo build;
};

MetricsRegistry::MetricsRegistry(BuildInfo build) : collector_(std::make_unique<Collector>(std::move(build))) {}
MetricsRegistry::~MetricsRegistry() = default;

void MetricsRegistry::add(const LaneCounters& lane) {
  WEIR_ASSERT((lane.detect == nullptr) != (lane.score == nullptr), "a lane is of one stage");
  if (lane.detect != nullptr) add_once(collector_->detect, *lane.detect);
  if (lane.score != nullptr) add_once(collector_->score, *lane.score);
  if (lane.kafka != nullptr) collector_->lanes.push_back(lane);
}

void MetricsRegistry::set_runtime(const RuntimeCounters& runtime) {
  collector_->runtime = &runtime;
}

void MetricsRegistry::set_rules(const RuleSlot& rules) {
  collector_->rules = &rules;
}

std::string MetricsRegistry::render() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collector_->Collect());
  return out.str();
}

}  // namespace weir
