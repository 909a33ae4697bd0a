#include "pipeline/analyzer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "detect/match/matcher.h"
#include "evidence/evidence_builder.h"
#include "pipeline/client_identity.h"
#include "pipeline/correlation_feed.h"
#include "pipeline/policy_stage.h"

namespace weir {
namespace {

/// Records that are in one phase together: enough to keep each phase's code and tables in the caches, few enough that
/// their text stays there too.
constexpr size_t kPhaseRecords = 16;

/// Rules with this tag name a bot's user agent; they feed the client's score rather than the record's.
constexpr std::string_view kBotTag = "weir.bot";

/// One record on its way through the phases.
struct Slot {
  EventStorage storage;
  Event event;  ///< borrows from storage
  DecodedRecord decoded;
  ClientIdentity client;
  Detection detection;
  PolicyFindings policy;
  uint32_t index = 0;  // into the batch
};

/// Adds the time since the last lap to a counter: one clock call a phase, not one a record.
class Lap {
 public:
  void into(Counter& nanoseconds) {
    const auto now = std::chrono::steady_clock::now();
    nanoseconds.add(static_cast<uint64_t>(std::chrono::nanoseconds(now - last_).count()));
    last_ = now;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// The record once more for its address, whose partition may be another (AB3): next to its observation, so that neither
/// partition's order depends on how records are cut into batches.
Observation address_count(const Observation& observation, const ClientIdentity& address) {
  Observation count;
  count.at = observation.at;
  count.time = observation.time;
  count.client_kind = ClientKind::kAddress;
  count.client = address.text;
  count.client_hash = address.hash;
  count.address = observation.address;
  count.path_hash = observation.client_hash;
  count.status = observation.status;
  count.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
  return count;
}

}  // namespace

struct Analyzer::Impl {
  Impl(AnalyzerOptions options_in, const RuleSlot& rules, DetectCounters& counters_in)
      : options(std::move(options_in)),
        rule_slot(rules),
        counters(counters_in),
        identifier(options.client_order, options.hash_key),
        parser(options.input),
        decoder(options.decode),
        matcher(options.line_secret),
        slots(kPhaseRecords) {
    matcher.locate_matches_in_parameters_above(EvidenceHit::kExcerptBytesMax);
  }

  Status take_rules_in_force();
  void parse(std::span<const RawRecord> records, uint32_t first, AnalyzedBatch& out);
  void decode();
  void match(std::span<const RawRecord> batch, AnalyzedBatch& out);
  void observe(std::span<const RawRecord> batch, AnalyzedBatch& out);
  void keep_verdict(const Slot& slot, AnalyzedBatch& out) const;
  void count_hits(const Slot& slot);

  AnalyzerOptions options;
  const RuleSlot& rule_slot;
  DetectCounters& counters;
  ClientIdentifier identifier;
  EventParser parser;
  Decoder decoder;
  Matcher matcher;
  PolicyStage policy;
  CorrelationFeed correlations;
  EvidenceBuilder evidence;
  std::vector<Slot> slots;
  size_t slots_used = 0;
  std::array<MatchTask, kPhaseRecords> tasks;
  MatchPolicy own_level;  ///< of the rules in force, where there is no policy
  std::vector<bool> is_bot_rule;
  uint64_t rules_generation = ~uint64_t{0};
};

Analyzer::Analyzer(AnalyzerOptions options, const RuleSlot& rules, DetectCounters& counters)
    : impl_(std::make_unique<Impl>(std::move(options), rules, counters)) {}
Analyzer::~Analyzer() = default;

Status Analyzer::analyze(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  out.observations.clear();
  out.rejected.clear();
  out.verdicts.clear();
  out.correlation_events.clear();
  out.arena.clear();
  if (batch.empty()) return {};
  if (auto ready = impl_->take_rules_in_force(); !ready) return ready;

  const auto started = std::chrono::steady_clock::now();
  Lap lap;
  for (size_t first = 0; first < batch.size(); first += kPhaseRecords) {
    const auto part = batch.subspan(first, std::min(kPhaseRecords, batch.size() - first));
    impl_->parse(part, static_cast<uint32_t>(first), out);
    lap.into(impl_->counters.parse_ns);
    impl_->decode();
    lap.into(impl_->counters.decode_ns);
    impl_->match(batch, out);
    lap.into(impl_->counters.match_ns);
    impl_->observe(batch, out);
    lap.into(impl_->counters.observe_ns);
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  impl_->counters.seconds_per_record.observe(elapsed.count() / static_cast<double>(batch.size()), batch.size());
  return {};
}

Status Analyzer::Impl::take_rules_in_force() {
  const uint64_t generation = rule_slot.generation();
  if (generation == rules_generation) return {};
  const auto in_force = rule_slot.in_force();
  const auto& rules = in_force->rules;
  if (auto used = matcher.use(rules); !used) return used;
  own_level = matcher.own_level();
  policy.use(in_force->policy, *rules);
  is_bot_rule.clear();
  for (const RuleInfo& rule : rules->rules()) {
    is_bot_rule.push_back(std::find(rule.tags.begin(), rule.tags.end(), kBotTag) != rule.tags.end());
  }
  correlations = CorrelationFeed(*rules, options.hash_key);
  decoder.set_raw_places(rules->raw_places());
  for (Slot& slot : slots)
    slot.policy.clear();  // without a policy nothing else does
  if (rules_generation != ~uint64_t{0}) counters.rule_set_changes.add();
  rules_generation = generation;
  return {};
}

void Analyzer::Impl::parse(std::span<const RawRecord> records, uint32_t first, AnalyzedBatch& out) {
  slots_used = 0;
  for (uint32_t i = 0; i < records.size(); ++i) {
    Slot& slot = slots[slots_used];
    slot.index = first + i;
    counters.records.add();
    counters.bytes.add(records[i].payload.size());
    auto outcome = parser.parse(records[i].payload, slot.storage, slot.event);
    if (!outcome.ok()) {
      counters.rejected[static_cast<size_t>(outcome.reason)].add();
      out.rejected.push_back({slot.index, outcome.reason, std::move(outcome.detail)});
      continue;
    }
    ++slots_used;
  }
}

void Analyzer::Impl::decode() {
  for (size_t i = 0; i < slots_used; ++i)
    decoder.decode(slots[i].event, slots[i].decoded);
}

void Analyzer::Impl::match(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  for (size_t i = 0; i < slots_used; ++i) {
    Slot& slot = slots[i];
    slot.client = identifier.identify(slot.event, out.arena);
    if (!policy.active()) {
      tasks[i] = {&slot.event, &slot.decoded, &own_level, &slot.detection};
      continue;
    }
    const RecordFacts facts{slot.event.client_ip, slot.client.text,
                            std::min(slot.event.time, batch[slot.index].append_time)};
    const MatchPolicy& how = policy.prepare(slot.event, slot.decoded, facts, slot.policy);
    matcher.match(slot.event, slot.decoded, how, slot.detection);
    policy.judge(slot.event, slot.decoded, facts, slot.detection, slot.policy);
  }
  if (!policy.active()) matcher.match(std::span(tasks).first(slots_used));
}

void Analyzer::Impl::observe(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  for (size_t i = 0; i < slots_used; ++i) {
    const Slot& slot = slots[i];
    const Event& event = slot.event;
    const Detection& detection = slot.detection;
    const RawRecord& raw = batch[slot.index];

    Observation observation;
    observation.at = raw.at;
    observation.time = std::min(event.time, raw.append_time);
    observation.client_kind = slot.client.kind;
    observation.client = slot.client.text;
    observation.client_hash = slot.client.hash;
    observation.address = event.client_ip;
    observation.user_agent_hash =
        event.user_agent.empty() ? 0 : XXH3_64bits(event.user_agent.data(), event.user_agent.size());
    observation.path_hash = XXH3_64bits(event.path.data(), event.path.size());
    observation.status = event.status;
    observation.request_score = detection.score;
    const size_t hits = detection.hits.size() + slot.policy.violations.size();
    observation.rule_hits = static_cast<uint16_t>(std::min<size_t>(hits, 0xffff));

    const auto set = [&](ObservationFlag flag, Counter& counter) {
      observation.flags = static_cast<uint8_t>(observation.flags | static_cast<uint8_t>(flag));
      counter.add();
    };
    if (event.has(EventFlag::kUtf8Repaired)) set(ObservationFlag::kUtf8Repaired, counters.utf8_repaired);
    if (slot.decoded.truncated_lines + slot.decoded.dropped_lines > 0)
      set(ObservationFlag::kTruncated, counters.truncated_records);
    if (detection.scan_failed) set(ObservationFlag::kScanFailed, counters.scan_failures);
    const auto names_bot = [&](const Hit& hit) { return is_bot_rule[hit.rule]; };
    if (std::any_of(detection.hits.begin(), detection.hits.end(), names_bot))
      set(ObservationFlag::kBotUserAgent, counters.bot_user_agents);
    counters.dropped_lines.add(slot.decoded.dropped_lines);

    if (detection.malicious) {
      counters.malicious.add();
      const Policy* judge = policy.active() ? &policy.policy() : nullptr;
      observation.evidence =
          evidence.build({event, slot.decoded, detection, matcher.rules(), slot.policy.violations, judge}, out.arena);
    }
    if (correlations.active())
      correlations.take(event, slot.client, detection, observation, out.arena, out.correlation_events);
    count_hits(slot);
    if (options.keep_verdicts) keep_verdict(slot, out);
    out.observations.push_back(observation);
    if (slot.client.kind != ClientKind::kAddress)
      out.observations.push_back(address_count(observation, identifier.address_of(event, out.arena)));
  }
}

void Analyzer::Impl::count_hits(const Slot& slot) {
  for (const Hit& hit : slot.detection.hits)
    counters.rule_hits[static_cast<size_t>(matcher.rules().rules()[hit.rule].category)].add();
  if (!policy.active()) return;
  for (const Violation& violation : slot.policy.violations)
    counters.policy_violations[static_cast<size_t>(violation.rule)].add();
  counters.excluded_hits.add(slot.detection.excluded.size() + slot.policy.excluded.size());
  for (unsigned i = 0; i < kResponseFaults; ++i)
    if ((slot.policy.response_faults >> i & 1U) != 0) counters.response_faults[i].add();
}

void Analyzer::Impl::keep_verdict(const Slot& slot, AnalyzedBatch& out) const {
  RecordVerdict verdict;
  verdict.index = slot.index;
  verdict.request_id = out.arena.copy(slot.event.request_id);
  verdict.score = slot.detection.score;
  verdict.malicious = slot.detection.malicious;
  verdict.categories = slot.detection.categories;
  for (const Hit& hit : slot.detection.hits)
    verdict.rules.push_back(hit.rule);
  for (const Violation& violation : slot.policy.violations)
    verdict.violations.push_back(violation.rule);
  out.verdicts.push_back(std::move(verdict));
}

}  // namespace weir
