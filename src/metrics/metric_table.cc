#include "metrics/metric_table.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/families.h"

namespace weir {
namespace {

constexpr auto kCounter = prometheus::MetricType::Counter;
constexpr auto kGauge = prometheus::MetricType::Gauge;
constexpr auto kHistogram = prometheus::MetricType::Histogram;

struct Scrape {
  const MetricSources& sources;
  const std::optional<ProcessStatistics>& process;
  std::string_view label;  ///< of the row
};

/// Adds the samples; false: where they come from does not exist in this process, and the metric neither.
using Collect = bool (*)(const Scrape& scrape, FamilyBuilder& family);

struct MetricRow {
  std::string_view name;
  std::string_view help;
  prometheus::MetricType type;
  Collect collect;
  std::string_view label = {};  ///< where there is one alone
};

double as_double(uint64_t value) {
  return static_cast<double>(value);
}

const auto& lanes_of(const MetricSources& sources, const DetectCounters*) {
  return sources.detect;
}
const auto& lanes_of(const MetricSources& sources, const ScoreCounters*) {
  return sources.score;
}
const auto& lanes_of(const MetricSources& sources, const KafkaCounters*) {
  return sources.kafka;
}

template <typename Member>
struct OwnerOf;
template <typename Owner, typename Value>
struct OwnerOf<Value Owner::*> {
  using Counters = Owner;
};

/// The lanes whose counters a member is of.
template <auto Member>
const auto& lanes_with(const Scrape& scrape) {
  return lanes_of(scrape.sources, static_cast<const typename OwnerOf<decltype(Member)>::Counters*>(nullptr));
}

template <auto Member>
uint64_t total(const Scrape& scrape) {
  uint64_t sum = 0;
  for (const auto* lane : lanes_with<Member>(scrape))
    sum += (lane->*Member).value();
  return sum;
}

/// One counter, summed over all lanes.
template <auto Member, uint64_t Divisor = 1>
bool sum(const Scrape& scrape, FamilyBuilder& family) {
  family.sample(as_double(total<Member>(scrape)) / as_double(Divisor));
  return true;
}

/// An array of counters; each index has a name.
template <auto Member, std::string_view (*NameAt)(size_t), size_t First = 0>
bool by_index(const Scrape& scrape, FamilyBuilder& family) {
  const typename OwnerOf<decltype(Member)>::Counters* none = nullptr;
  constexpr size_t kSize = std::tuple_size_v<std::decay_t<decltype(none->*Member)>>;
  for (size_t i = First; i < kSize; ++i) {
    uint64_t sum = 0;
    for (const auto* lane : lanes_with<Member>(scrape))
      sum += (lane->*Member)[i].value();
    family.sample(as_double(sum), {{scrape.label, NameAt(i)}});
  }
  return true;
}

/// One counter of Kafka, for each stage. A stage without lanes in this process has no sample.
template <const Counter KafkaCounters::*Member>
bool by_stage(const Scrape& scrape, FamilyBuilder& family) {
  for (const std::string_view stage : {"detect", "score"}) {
    bool present = false;
    uint64_t sum = 0;
    for (const LaneCounters& lane : scrape.sources.kafka_lanes) {
      if ((lane.detect != nullptr) != (stage == "detect")) continue;
      present = true;
      sum += (lane.kafka->*Member).value();
    }
    if (present) family.sample(as_double(sum), {{scrape.label, stage}});
  }
  return true;
}

std::string_view field_at(size_t index) {
  return field_name(static_cast<ProfileFieldIndex>(index));
}

/// One counter of each source.
template <const Counter SourceCounters::*Member>
bool by_source(const Scrape& scrape, FamilyBuilder& family) {
  for (size_t source = 0; source < scrape.sources.source_names.size(); ++source) {
    uint64_t sum = 0;
    for (const DetectCounters* lane : scrape.sources.detect)
      sum += (lane->sources[source].*Member).value();
    family.sample(as_double(sum), {{scrape.label, scrape.sources.source_names[source]}});
  }
  return !scrape.sources.source_names.empty();
}

bool fields_by_source(const Scrape& scrape, FamilyBuilder& family) {
  const auto& names = scrape.sources.source_names;
  for (size_t source = 0; source < names.size(); ++source) {
    for (size_t field = 0; field < kFieldCount; ++field) {
      uint64_t sum = 0;
      for (const DetectCounters* lane : scrape.sources.detect)
        sum += lane->sources[source].fields_read[field].value();
      family.sample(as_double(sum), {{"source", names[source]}, {"field", field_at(field)}});
    }
  }
  return !names.empty();
}

template <auto Member, const auto& Bounds>
bool histogram(const Scrape& scrape, FamilyBuilder& family) {
  std::vector<uint64_t> counts(Bounds.size() + 1);
  double sum = 0;
  for (const auto* lane : lanes_with<Member>(scrape)) {
    for (size_t bucket = 0; bucket < counts.size(); ++bucket)
      counts[bucket] += (lane->*Member).count(bucket);
    sum += (lane->*Member).sum();
  }
  family.buckets({Bounds.begin(), Bounds.end()}, counts, sum);
  return true;
}

template <typename Enum>
std::string_view name_at(size_t index) {
  return to_string(static_cast<Enum>(index));
}
std::string_view policy_rule_at(size_t index) {
  return info_of(static_cast<PolicyRule>(index)).id;
}
std::string_view response_fault_at(size_t index) {
  return to_string(static_cast<ResponseFault>(1U << index));
}

bool stage_seconds(const Scrape& scrape, FamilyBuilder& family) {
  const auto step = [&](std::string_view stage, uint64_t nanoseconds) {
    family.sample(as_double(nanoseconds) * 1e-9, {{scrape.label, stage}});
  };
  step("parse", total<&DetectCounters::parse_ns>(scrape));
  step("decode", total<&DetectCounters::decode_ns>(scrape));
  step("match", total<&DetectCounters::match_ns>(scrape));
  step("observe", total<&DetectCounters::observe_ns>(scrape));
  step("score", total<&ScoreCounters::score_ns>(scrape));
  return true;
}

bool alerts(const Scrape& scrape, FamilyBuilder& family) {
  constexpr size_t kKinds = std::tuple_size_v<decltype(ScoreCounters::alerts)>;
  constexpr size_t kLevels = std::tuple_size_v<decltype(ScoreCounters::alerts)::value_type>;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (size_t level = 0; level < kLevels; ++level) {
      uint64_t sum = 0;
      for (const ScoreCounters* lane : scrape.sources.score)
        sum += lane->alerts[kind][level].value();
      family.sample(as_double(sum), {{"kind", name_at<AlertKind>(kind)}, {"severity", name_at<Level>(level)}});
    }
  }
  return true;
}

bool consumer_lag(const Scrape& scrape, FamilyBuilder& family) {
  // A partition that moves between two lanes may stand in both tables for a moment; one series may come only once.
  std::map<std::pair<std::string_view, int32_t>, uint64_t> lags;
  for (const LaneCounters& lane : scrape.sources.kafka_lanes) {
    for (const LagTable::Entry& entry : lane.kafka->lag.entries()) {
      if (entry.topic >= lane.topics.size()) continue;
      uint64_t& lag = lags[{lane.topics[entry.topic], entry.partition}];
      lag = std::max(lag, entry.records);
    }
  }
  for (const auto& [where, lag] : lags)
    family.sample(as_double(lag), {{"topic", where.first}, {"partition", std::to_string(where.second)}});
  return true;
}

bool hits_of_rules(const Scrape& scrape, FamilyBuilder& family) {
  RuleHits::Sums sums;
  std::vector<RuleHits::Keeper> kept;
  for (const DetectCounters* lane : scrape.sources.detect)
    kept.push_back(lane->hits_of_rules.add_to(sums));
  for (const auto& [id, rule] : sums)
    family.sample(as_double(rule.second), {{"rule_id", id}, {"title", rule.first}});
  return true;
}

/// The longest ago of a stage's lanes that have partitions: one lane that stands still must not hide behind the others.
bool last_commit(const Scrape& scrape, FamilyBuilder& family) {
  for (const LaneCounters& lane : scrape.sources.kafka_lanes) {
    if (lane.kafka->committed_at.value() > 0)
      family.sample(as_double(lane.kafka->committed_at.value()), {{scrape.label, lane.lane}});
  }
  return true;
}

bool clock_skew(const Scrape& scrape, FamilyBuilder& family) {
  constexpr double kMillisecond = 1e-3;
  for (const LaneCounters& lane : scrape.sources.kafka_lanes) {
    if (const auto skew = lane.kafka->clock_skew_ms.value())
      family.sample(static_cast<double>(*skew) * kMillisecond, {{scrape.label, lane.lane}});
  }
  return true;
}

bool rule_reloads(const Scrape& scrape, FamilyBuilder& family) {
  const RuntimeCounters* runtime = scrape.sources.runtime;
  if (runtime == nullptr) return false;
  family.sample(as_double(runtime->rule_reloads_succeeded.value()), {{scrape.label, "success"}});
  family.sample(as_double(runtime->rule_reloads_failed.value()), {{scrape.label, "failure"}});
  return true;
}

bool enrichment_reloads(const Scrape& scrape, FamilyBuilder& family) {
  const RuntimeCounters* runtime = scrape.sources.runtime;
  if (runtime == nullptr) return false;
  family.sample(as_double(runtime->enrichment_reloads_succeeded.value()), {{scrape.label, "success"}});
  family.sample(as_double(runtime->enrichment_reloads_failed.value()), {{scrape.label, "failure"}});
  return true;
}

bool enrichment_entries(const Scrape& scrape, FamilyBuilder& family) {
  const RuntimeCounters* runtime = scrape.sources.runtime;
  if (runtime == nullptr) return false;
  family.sample(as_double(runtime->enrichment_databases.value()), {{scrape.label, "databases"}});
  family.sample(as_double(runtime->enrichment_threat_entries.value()), {{scrape.label, "threat_lists"}});
  family.sample(as_double(runtime->enrichment_crawler_entries.value()), {{scrape.label, "crawlers"}});
  return true;
}

template <const Counter RuntimeCounters::*Member>
bool of_runtime(const Scrape& scrape, FamilyBuilder& family) {
  if (scrape.sources.runtime == nullptr) return false;
  family.sample(as_double((scrape.sources.runtime->*Member).value()));
  return true;
}

/// Of a control group; without one there is no bound, so that the share in use is 0.
bool memory_limit(const Scrape& scrape, FamilyBuilder& family) {
  if (!scrape.process) return false;
  const auto limit = scrape.process->memory_limit_bytes;
  family.sample(limit ? as_double(*limit) : std::numeric_limits<double>::infinity());
  return true;
}

bool is_ready(const Scrape& scrape, FamilyBuilder& family) {
  const auto& question = scrape.sources.questions.is_ready;
  if (question) family.sample(question() ? 1 : 0);
  return static_cast<bool>(question);
}

bool certificate_end(const Scrape& scrape, FamilyBuilder& family) {
  const auto& question = scrape.sources.questions.certificate_end;
  const auto end = question ? question() : std::nullopt;
  if (end) family.sample(*end);
  return end.has_value();
}

bool rule_verdicts(const Scrape& scrape, FamilyBuilder& family) {
  const auto& question = scrape.sources.questions.verdicts;
  if (!question) return false;
  const auto verdicts = question();
  for (const RuleVerdicts& of : verdicts) {
    family.sample(as_double(of.is_false), {{"rule_id", of.id}, {"title", of.title}, {scrape.label, "false"}});
    family.sample(as_double(of.is_true), {{"rule_id", of.id}, {"title", of.title}, {scrape.label, "true"}});
  }
  return !verdicts.empty();
}

bool rules_info(const Scrape& scrape, FamilyBuilder& family) {
  if (scrape.sources.rules == nullptr) return false;
  family.sample(1, {{scrape.label, scrape.sources.rules->load()->fingerprint()}});
  return true;
}

bool build_info(const Scrape& scrape, FamilyBuilder& family) {
  const BuildInfo& build = scrape.sources.build;
  family.sample(1, {{"version", build.version}, {"librdkafka", build.librdkafka}, {"hyperscan", build.hyperscan}});
  return true;
}

template <auto Member>
bool of_process(const Scrape& scrape, FamilyBuilder& family) {
  if (!scrape.process) return false;
  family.sample(static_cast<double>((*scrape.process).*Member));
  return true;
}

// Labels take their values from fixed sets (enumerations, configured topics, partitions), never from a client, an address or
// a path, so that traffic cannot make the number of series grow. docs/metrics.md explains the metrics; a test keeps the two
// together.
// clang-format off
constexpr MetricRow kMetrics[] = {
    // The detect stage.
    {"weir_records_total",
     "Records read from the requests topics, the rejected ones included.", kCounter, sum<&DetectCounters::records>},
    {"weir_record_bytes_total", "Payload bytes of the records read.", kCounter, sum<&DetectCounters::bytes>},
    {"weir_parse_errors_total",
     "Records that could not become an event, by reason.",
     kCounter, by_index<&DetectCounters::rejected, name_at<RejectReason>, 1>, "reason"},
    {"weir_requests_total",
     "Requests judged; a record may hold several, or none.", kCounter, sum<&DetectCounters::requests>},
    {"weir_skipped_lines_total",
     "Lines that are no access log, skipped by a rule of the profile.", kCounter, sum<&DetectCounters::skipped>},
    {"weir_fields_read_total",
     "Requests that had the field, by field.",
     kCounter, by_index<&DetectCounters::fields_read, field_at>, "field"},
    {"weir_fields_unread_total",
     "Requests whose field was there but could not be understood, by field.",
     kCounter, by_index<&DetectCounters::fields_unread, field_at>, "field"},
    {"weir_salvaged_requests_total",
     "Requests read from damaged records (cut off, not quite JSON).", kCounter, sum<&DetectCounters::salvaged>},
    {"weir_malformed_requests_total",
     "Requests without a method or target that is one, as servers refuse them.",
     kCounter, sum<&DetectCounters::malformed>},
    {"weir_requests_without_time_total",
     "Requests whose time could not be read: the broker's stands for it.", kCounter, sum<&DetectCounters::without_time>},
    {"weir_requests_without_address_total",
     "Requests whose client address could not be read.", kCounter, sum<&DetectCounters::without_address>},
    {"weir_source_records_total",
     "Records read, by source of the configuration.", kCounter, by_source<&SourceCounters::records>, "source"},
    {"weir_source_requests_total",
     "Requests judged, by source.", kCounter, by_source<&SourceCounters::requests>, "source"},
    {"weir_source_rejected_total",
     "What could not become an event, by source.", kCounter, by_source<&SourceCounters::rejected>, "source"},
    {"weir_source_malicious_total",
     "Requests whose score reached the threshold, by source.", kCounter, by_source<&SourceCounters::malicious>, "source"},
    {"weir_source_fields_read_total",
     "Requests that had the field, by source and field.", kCounter, fields_by_source},
    {"weir_rule_hits_total",
     "Rule hits by category; one record may hit several rules.",
     kCounter, by_index<&DetectCounters::rule_hits, name_at<Category>>, "category"},
    {"weir_policy_violations_total",
     "What records had that their route's policy does not allow, by rule.",
     kCounter, by_index<&DetectCounters::policy_violations, policy_rule_at>, "rule"},
    {"weir_excluded_hits_total",
     "Rule hits and violations that an exclusion of the policy took away.", kCounter, sum<&DetectCounters::excluded_hits>},
    {"weir_response_faults_total",
     "Responses whose headers lack or reveal something, by what.",
     kCounter, by_index<&DetectCounters::response_faults, response_fault_at>, "fault"},
    {"weir_hits_by_rule_total", "Hits of each rule in force.", kCounter, hits_of_rules},
    {"weir_malicious_records_total",
     "Records whose request score reached the threshold.", kCounter, sum<&DetectCounters::malicious>},
    {"weir_utf8_repaired_records_total",
     "Records in which invalid UTF-8 was replaced.", kCounter, sum<&DetectCounters::utf8_repaired>},
    {"weir_truncated_records_total",
     "Records with a field longer than what is scanned.", kCounter, sum<&DetectCounters::truncated_records>},
    {"weir_dropped_lines_total",
     "Lines of decoded text that were not scanned because a record had too much of it.", kCounter, sum<&DetectCounters::dropped_lines>},
    {"weir_bot_user_agents_total",
     "Records with the user agent of a bot or tool.", kCounter, sum<&DetectCounters::bot_user_agents>},
    {"weir_scan_failures_total",
     "Scans that the pattern matcher refused or aborted.", kCounter, sum<&DetectCounters::scan_failures>},
    {"weir_capped_scans_total",
     "Records that matched so often that their scan was ended early; hits so far count.",
     kCounter, sum<&DetectCounters::capped_scans>},
    {"weir_expression_limits_total",
     "Records in which a regular expression gave up, which counts as a match.",
     kCounter, sum<&DetectCounters::expression_limits>},
    {"weir_exclusions_left_out_total",
     "Exclusions that were not applied because a record had too many of them.",
     kCounter, sum<&DetectCounters::exclusions_left_out>},
    {"weir_violations_left_out_total",
     "Records with more violations of their route's policy than are kept of one.",
     kCounter, sum<&DetectCounters::violations_left_out>},
    {"weir_wrong_clock_records_total",
     "Records far ahead of their source or behind it, scored with its time.", kCounter, sum<&KafkaCounters::wrong_clocks>},
    {"weir_source_holds_total",
     "Times records had to wait for partitions of the input that lag behind.", kCounter, sum<&KafkaCounters::holds>},
    {"weir_record_seconds",
     "Detect time per record, averaged within each batch.",
     kHistogram, histogram<&DetectCounters::seconds_per_record, kStageSecondsBounds>},
    // Both stages.
    {"weir_stage_seconds_total", "Time spent in each step of the pipeline, over all lanes.", kCounter, stage_seconds, "stage"},
    // The score stage.
    {"weir_observations_total", "Records scored: one observation each.", kCounter, sum<&ScoreCounters::observations>},
    {"weir_observation_blocks_total", "Blocks read from the observations topic.", kCounter, sum<&ScoreCounters::blocks>},
    {"weir_bad_observation_blocks_total",
     "Blocks of the observations topic that could not be read.", kCounter, sum<&ScoreCounters::bad_blocks>},
    {"weir_foreign_observation_blocks_total",
     "Blocks of the observations topic that another group's processes wrote, which are not scored.", kCounter,
     sum<&ScoreCounters::foreign_blocks>},
    {"weir_alerts_total", "Alerts published, by kind and severity.", kCounter, alerts},
    {"weir_sources_stuck",
     "Partitions of the input that were not read to their end and hold the clock of the observations no longer.",
     kGauge, sum<&KafkaCounters::sources_stuck>},
    {"weir_sources_stuck_total",
     "Times a partition of the input became one that holds the clock no longer.",
     kCounter, sum<&KafkaCounters::sources_stuck_total>},
    {"weir_alerts_trimmed_total",
     "Alerts that lost parts of their evidence because their topic takes no larger ones.",
     kCounter, sum<&ScoreCounters::alerts_trimmed>},
    {"weir_alerts_silenced_total", "Alerts left out because somebody silenced the client or the episode (admin API).", kCounter,
     sum<&ScoreCounters::alerts_silenced>},
    {"weir_silences", "Silences of clients and episodes that are in force.", kGauge, sum<&ScoreCounters::silences>},
    {"weir_client_orders_total", "Orders of people about clients that were taken in: silences and clients to forget.", kCounter,
     sum<&ScoreCounters::client_orders>},
    {"weir_decisions_total", "What became of decisions about clients: made, renewed, replaced, ended, deleted.", kCounter,
     by_index<&ScoreCounters::decision_changes, name_at<DecisionChange::What>>, "change"},
    {"weir_decisions_skipped_total",
     "Alerts that a rule of decisions answers and that led to none: spared addresses, late ones, a spent budget, no room.",
     kCounter, by_index<&ScoreCounters::decisions_skipped, name_at<DecisionSkip>>, "why"},
    {"weir_decisions_active", "Decisions about clients that are in force by event time.", kGauge,
     sum<&ScoreCounters::decisions_active>},
    {"weir_alerts_suppressed_total",
     "Records counted into an open episode without an alert of their own.", kCounter, sum<&ScoreCounters::alerts_suppressed>},
    {"weir_attack_outcomes_total",
     "Malicious records by what became of them, judged by the response.",
     kCounter, by_index<&ScoreCounters::outcomes, name_at<Outcome>>, "outcome"},
    {"weir_burst_late_records_total",
     "Records that came too late to be counted for bursts.", kCounter, sum<&ScoreCounters::bursts_late>},
    {"weir_waiting_records", "Records, and events for correlations, that wait to be scored in the order of event time.", kGauge,
     sum<&ScoreCounters::waiting>},
    {"weir_waiting_bytes", "Memory of what waits to be scored in the order of event time.", kGauge,
     sum<&ScoreCounters::waiting_bytes>},
    {"weir_order_late_records_total",
     "Records that came too late to be scored in the order of event time, and were scored at once.", kCounter,
     sum<&ScoreCounters::order_late>},
    {"weir_order_early_records_total",
     "Records that were scored before their turn in the order of event time, for lack of room.", kCounter,
     sum<&ScoreCounters::order_early>},
    {"weir_clients", "Clients in the client tables.", kGauge, sum<&ScoreCounters::clients>},
    {"weir_clients_evicted_total",
     "Clients forgotten because a client table was full.", kCounter, sum<&ScoreCounters::clients_evicted>},
    {"weir_clients_expired_total", "Clients forgotten because they were idle.", kCounter, sum<&ScoreCounters::clients_expired>},
    {"weir_state_bytes", "Memory of the client tables and the correlations.", kGauge, sum<&ScoreCounters::state_bytes>},
    {"weir_correlation_events_total",
     "Records and results of others that correlations took in.", kCounter, sum<&ScoreCounters::correlation_events>},
    {"weir_correlation_late_events_total",
     "Records that came too late for their correlation's group.", kCounter, sum<&ScoreCounters::correlation_late>},
    {"weir_correlation_groups", "Groups that correlations remember.", kGauge, sum<&ScoreCounters::correlation_groups>},
    {"weir_correlation_groups_evicted_total",
     "Groups of correlations forgotten for lack of room.", kCounter, sum<&ScoreCounters::correlation_groups_evicted>},
    {"weir_episodes_open", "Alert episodes that are open.", kGauge, sum<&ScoreCounters::episodes_open>},
    {"weir_state_restores_total", "Partitions whose client state was restored.", kCounter, sum<&ScoreCounters::restores>},
    {"weir_state_restore_seconds_total",
     "Time spent reading stored client state.", kCounter, sum<&ScoreCounters::restore_ms, 1'000>},
    {"weir_replayed_observations_total",
     "Observations read again, muted, to complete restored client state.",
     kCounter, sum<&ScoreCounters::replayed_observations>},
    {"weir_snapshot_chunks_total", "Chunks of client state written to Kafka.", kCounter, sum<&ScoreCounters::snapshot_chunks>},
    {"weir_snapshot_bytes_total", "Bytes of client state written to Kafka.", kCounter, sum<&ScoreCounters::snapshot_bytes>},
    {"weir_state_chunks_damaged_total",
     "Stored chunks of client state that could not be used.", kCounter, sum<&ScoreCounters::chunks_damaged>},
    {"weir_state_chunks_lost_total",
     "Chunks of client state that retention of the observations made useless.", kCounter, sum<&ScoreCounters::chunks_lost>},
    // Kafka; by stage unless said otherwise.
    {"weir_end_to_end_seconds",
     "From the broker's append of a record to its word that the alert is stored (all lanes).",
     kHistogram, histogram<&KafkaCounters::alert_latency_seconds, kLatencySecondsBounds>},
    {"weir_consumed_messages_total",
     "Kafka messages consumed, by stage.", kCounter, by_stage<&KafkaCounters::consumed_records>, "stage"},
    {"weir_consumed_bytes_total",
     "Bytes of the Kafka messages consumed, by stage.", kCounter, by_stage<&KafkaCounters::consumed_bytes>, "stage"},
    {"weir_produced_messages_total",
     "Kafka messages produced, by stage.", kCounter, by_stage<&KafkaCounters::produced_messages>, "stage"},
    {"weir_produced_bytes_total",
     "Bytes of the Kafka messages produced, by stage.", kCounter, by_stage<&KafkaCounters::produced_bytes>, "stage"},
    {"weir_delivery_errors_total",
     "Messages that the broker or the client library gave up, by stage.",
     kCounter, by_stage<&KafkaCounters::delivery_errors>, "stage"},
    {"weir_queue_full_waits_total",
     "Waits of a lane because its output queue was full, by stage.",
     kCounter, by_stage<&KafkaCounters::queue_full_waits>, "stage"},
    {"weir_consumer_lag_records", "Messages of an assigned partition that are still to be consumed.", kGauge, consumer_lag},
    {"weir_assigned_partitions",
     "Partitions assigned to this process, by stage.", kGauge, by_stage<&KafkaCounters::assigned_partitions>, "stage"},
    {"weir_rebalances_total",
     "Assignments received from the consumer group, by stage.", kCounter, by_stage<&KafkaCounters::rebalances>, "stage"},
    {"weir_commits_total",
     "Commits of consumed offsets with all that was produced for them, by stage.",
     kCounter, by_stage<&KafkaCounters::commits>, "stage"},
    {"weir_transactions_committed_total",
     "Kafka transactions committed, by stage.", kCounter, by_stage<&KafkaCounters::transactions_committed>, "stage"},
    {"weir_transactions_aborted_total",
     "Kafka transactions aborted, or given up, by stage.", kCounter, by_stage<&KafkaCounters::transactions_aborted>, "stage"},
    {"weir_producer_renewals_total",
     "Transactional producers given up and made anew, by stage.",
     kCounter, by_stage<&KafkaCounters::producer_renewals>, "stage"},
    {"weir_consumer_renewals_total",
     "Consumers made anew because the old one was of no use any more, by stage.",
     kCounter, by_stage<&KafkaCounters::consumer_renewals>, "stage"},
    {"weir_lane_stalls_total",
     "Times a lane got on with nothing although there was work, by stage.",
     kCounter, by_stage<&KafkaCounters::stalls>, "stage"},
    {"weir_unguarded_lanes",
     "Lanes that work without a crash journal for want of disk space, by stage.",
     kGauge, by_stage<&KafkaCounters::unguarded>, "stage"},
    {"weir_last_commit_timestamp_seconds",
     "When the lane last committed what it had read, since 1970.", kGauge, last_commit, "lane"},
    {"weir_clock_skew_seconds",
     "The brokers' clock less this machine's, at least so much, by their last answer to the lane.", kGauge, clock_skew, "lane"},
    {"weir_commit_failures_total",
     "Commits that failed, by stage.", kCounter, by_stage<&KafkaCounters::commit_failures>, "stage"},
    {"weir_output_retries_total",
     "Batches whose output was given up and made again, by stage.",
     kCounter, by_stage<&KafkaCounters::output_retries>, "stage"},
    {"weir_stale_records_total",
     "Messages below the next expected offset, dropped, by stage.",
     kCounter, by_stage<&KafkaCounters::stale_records>, "stage"},
    {"weir_offset_gaps_total",
     "Offsets passed over (compaction, transaction markers, retention), by stage.",
     kCounter, by_stage<&KafkaCounters::offset_gaps>, "stage"},
    {"weir_offset_resets_total",
     "Committed offsets that were out of range, by stage.", kCounter, by_stage<&KafkaCounters::offset_resets>, "stage"},
    {"weir_records_lost_total",
     "Messages that retention removed before they were read, by stage.",
     kCounter, by_stage<&KafkaCounters::records_lost>, "stage"},
    {"weir_kafka_client_errors_total",
     "Errors reported by the Kafka client library, by stage.", kCounter, by_stage<&KafkaCounters::client_errors>, "stage"},
    {"weir_dead_letters_total", "Records written to the dead-letter topic.", kCounter, sum<&KafkaCounters::dead_letters>},
    {"weir_quarantined_records_total",
     "Records set aside because the process had crashed at them again and again.", kCounter, sum<&KafkaCounters::quarantined>},
    {"weir_dead_letters_truncated_total",
     "Dead letters without their payload, because the broker refused its size.",
     kCounter, sum<&KafkaCounters::dead_letters_truncated>},
    // Rules and the process.
    {"weir_rule_reloads_total", "Reloads of the rules, by result.", kCounter, rule_reloads, "result"},
    {"weir_rules_loaded", "Rules in force.", kGauge, of_runtime<&RuntimeCounters::rules_loaded>},
    {"weir_rules_last_reload_successful",
     "1 if the newest reload of the rules succeeded, or none was asked for; else 0.",
     kGauge, of_runtime<&RuntimeCounters::last_reload_succeeded>},
    {"weir_rules_info", "Always 1; the label says which rule set is in force.", kGauge, rules_info, "fingerprint"},
    {"weir_enrichment_entries", "Databases, and entries of the lists, that alerts are enriched from, by kind.", kGauge,
     enrichment_entries, "kind"},
    {"weir_enrichment_oldest_file_timestamp_seconds",
     "When the oldest of their files was written, since 1970; 0 if there is none.",
     kGauge, of_runtime<&RuntimeCounters::enrichment_oldest_file>},
    {"weir_enrichment_reloads_total", "Reloads of these files, by result.", kCounter, enrichment_reloads, "result"},
    {"weir_rule_verdicts",
     "Episodes that people marked (weir alerts mark), by what caused them; the same in every process.", kGauge, rule_verdicts, "verdict"},
    {"weir_build_info", "Always 1; the labels say which build runs.", kGauge, build_info},
    {"weir_ready", "1 if every lane has joined its group, else 0.", kGauge, is_ready},
    {"weir_certificate_end_timestamp_seconds",
     "When the certificate that weir shows its brokers ends, seconds since the epoch.", kGauge, certificate_end},
    {"weir_memory_limit_bytes", "Memory limit of the control group; infinite where there is none.", kGauge, memory_limit},
    {"process_cpu_seconds_total", "User and system CPU time.", kCounter, of_process<&ProcessStatistics::cpu_seconds>},
    {"process_resident_memory_bytes", "Resident memory.", kGauge, of_process<&ProcessStatistics::resident_bytes>},
    {"process_virtual_memory_bytes", "Virtual memory.", kGauge, of_process<&ProcessStatistics::virtual_bytes>},
    {"process_open_fds", "Open file descriptors.", kGauge, of_process<&ProcessStatistics::open_fds>},
    {"process_max_fds", "Limit of open file descriptors.", kGauge, of_process<&ProcessStatistics::max_fds>},
    {"process_start_time_seconds",
     "Start of the process, seconds since the epoch.", kGauge, of_process<&ProcessStatistics::start_time_seconds>},
    {"process_threads", "Threads of the process.", kGauge, of_process<&ProcessStatistics::threads>},
};
// clang-format on

}  // namespace

std::vector<prometheus::MetricFamily> collect_metrics(const MetricSources& sources) {
  const std::optional<ProcessStatistics> process = read_process_statistics();
  std::vector<prometheus::MetricFamily> families;
  for (const MetricRow& row : kMetrics) {
    FamilyBuilder family(row.name, row.help, row.type);
    if (row.collect({sources, process, row.label}, family)) families.push_back(family.take());
  }
  return families;
}

}  // namespace weir
