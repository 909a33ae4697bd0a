#include "pipeline/analyzer.h"

// Short texts are hashed twice a record: a call into the library would take as long as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <memory>

#include "base/prefetch.h"
#include "evidence/evidence_builder.h"
#include "pipeline/correlation_feed.h"
#include "pipeline/response_feed.h"
#include "pipeline/word_teller.h"

namespace weir {
namespace {

/// Requests that are in one step together: enough to keep each step's code and tables in the caches, few enough that their
/// text stays there too.
constexpr size_t kGroupRequests = 16;

/// Rules with this tag name a bot's user agent; they feed the client's score rather than the record's.
constexpr std::string_view kBotTag = "weir.bot";

/// What records are judged by until the rules or the policy change.
struct InForce {
  RecordJudge judge;
  CorrelationFeed correlations;
  ResponseFeed responses;
  std::vector<bool> is_bot_rule;  ///< by rule
};

std::vector<bool> bot_rules(const RuleSet& rules) {
  std::vector<bool> is_bot;
  for (const RuleInfo& rule : rules.rules())
    is_bot.push_back(std::find(rule.tags.begin(), rule.tags.end(), kBotTag) != rule.tags.end());
  return is_bot;
}

/// Adds the time since the last lap to a counter: one clock call a step, not one a record.
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

/// Rules that count towards the score, and violations: markers are none (docs/scoring.md).
size_t attack_hits(const JudgedRecord& record, const RuleSet& rules) {
  const auto& hits = record.detection.hits;
  const auto counts = [&](const Hit& hit) { return rules.rules()[hit.rule].weight > 0; };
  return static_cast<size_t>(std::count_if(hits.begin(), hits.end(), counts)) + record.policy.violations.size();
}

/// What scoring may depend on, but for flags and evidence. Written where it stays: an observation is too large to be copied.
void describe(const JudgedRecord& record, const RecordCoordinates& at, const RuleSet& rules, Observation& observation) {
  const Event& event = record.event;
  observation.at = at;
  observation.time = record.time;
  observation.client_kind = record.client.kind;
  observation.client = record.client.text;
  observation.client_hash = record.client.hash;
  observation.address = event.client_ip;
  observation.user_agent_hash =
      event.user_agent.empty() ? 0 : XXH3_64bits(event.user_agent.data(), event.user_agent.size());
  observation.path_hash = XXH3_64bits(event.path.data(), event.path.size());
  observation.status = event.status;
  observation.request_score = record.detection.score;
  observation.rule_hits = static_cast<uint16_t>(std::min<size_t>(attack_hits(record, rules), 0xffff));
}

/// How many of a batch's requests of one source had which field: plain numbers, added to the counters once a batch. Requests
/// that follow each other mostly have the same fields: those are counted together.
class FieldCounts {
 public:
  void add(const Event& event) {
    ++requests_;
    if (event.fields_read != same_read_ || event.fields_unread != same_unread_) {
      count_same();
      same_read_ = event.fields_read;
      same_unread_ = event.fields_unread;
    }
    ++same_;
  }
  void move_into(DetectCounters& all, SourceCounters& source) {
    if (requests_ == 0) return;
    count_same();
    all.requests.add(requests_);
    source.requests.add(requests_);
    for (size_t i = 0; i < kFieldCount; ++i) {
      all.fields_read[i].add(read_[i]);
      all.fields_unread[i].add(unread_[i]);
      source.fields_read[i].add(read_[i]);
      source.fields_unread[i].add(unread_[i]);
    }
    *this = {};
  }

 private:
  void count_same() {
    const auto count = [this](uint32_t fields, std::array<uint32_t, kFieldCount>& counts) {
      for (; fields != 0; fields &= fields - 1)
        counts[static_cast<size_t>(std::countr_zero(fields))] += same_;
    };
    count(same_read_, read_);
    count(same_unread_, unread_);
    same_ = 0;
  }

  uint32_t requests_ = 0;
  uint32_t same_ = 0;  ///< of the last, not yet counted, so many in a row had these fields
  uint32_t same_read_ = 0, same_unread_ = 0;
  std::array<uint32_t, kFieldCount> read_{}, unread_{};
};

/// Where the reading of a batch is: a record may hold more requests than a group has room for.
struct BatchPosition {
  uint32_t record = 0;   ///< in the batch: the one that is read, or is read next
  uint32_t request = 0;  ///< in the record: the next one
  bool is_open = false;  ///< the record is being read
};

/// The record once more for its address, whose partition may be another (AB3): next to its observation, so that neither
/// partition's order depends on how records are cut into batches.
void describe_address(const Observation& observation, const ClientIdentity& address, Observation& count) {
  count.at = observation.at;
  count.time = observation.time;
  count.client_kind = ClientKind::kAddress;
  count.client = address.text;
  count.client_hash = address.hash;
  count.address = observation.address;
  count.path_hash = observation.client_hash;
  count.status = observation.status;
  count.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
}

/// What was asked for, to be shown. A name in the query may be told by its encoding alone, so the two are looked at apart.
std::string target_of(const Event& event, const Masker& masker) {
  std::string target = masker.text(event.path);
  if (!event.query.empty()) target.append("?").append(masker.text(event.query));
  return target;
}

/// The next record is read soon: its first bytes are on their way into the cache meanwhile, and its end, at which reading looks too.
void prefetch(std::string_view payload) {
  constexpr size_t kLineBytes = 64;
  constexpr size_t kHeadBytes = 4 * kLineBytes;  // from there on the processor sees what is going on
  for (size_t at = 0; at < std::min(payload.size(), kHeadBytes); at += kLineBytes)
    prefetch_to_read(payload.data() + at);
  if (!payload.empty()) prefetch_to_read(&payload.back());
}

/// The capacity with which `more` elements fit, grown in large steps.
size_t room_for(size_t size, size_t more, size_t capacity) {
  return size + more <= capacity ? capacity : std::max(size + more, 2 * capacity);
}

RecordVerdict verdict_of(const JudgedRecord& record, uint32_t index, const Masker& masker, Arena& arena) {
  RecordVerdict verdict;
  verdict.index = index;
  verdict.time = record.time;
  verdict.request_id = arena.copy(masker.text(record.event.request_id));
  verdict.client = record.client.text;
  verdict.host = arena.copy(masker.text(record.event.host));
  verdict.target = arena.copy(target_of(record.event, masker));
  verdict.score = record.detection.score;
  verdict.malicious = record.detection.malicious;
  verdict.categories = record.detection.categories;
  for (const Hit& hit : record.detection.hits)
    verdict.rules.push_back(hit.rule);
  for (const Violation& violation : record.policy.violations)
    verdict.violations.push_back(violation.rule);
  return verdict;
}

}  // namespace

struct Analyzer::Impl {
  Impl(AnalyzerOptions options_in, const RuleSlot& rules, DetectCounters& counters_in)
      : options(std::move(options_in)),
        rule_slot(rules),
        counters(counters_in),
        evidence(options.masker, options.matching.line_secret),
        words(options.masker),
        records(kGroupRequests) {
    options.matching.locate_in_parameters_above = EvidenceHit::kExcerptBytesMax;
  }

  Status take_rules_in_force();

  // The steps of a group.
  void parse(std::span<const RawRecord> batch, AnalyzedBatch& out);
  bool open_record(std::span<const RawRecord> batch);
  void decode();
  void match(std::span<const RawRecord> batch, Arena& arena);
  void observe(std::span<const RawRecord> batch, AnalyzedBatch& out);

  // The parts of observe().
  void set_flags(const JudgedRecord& record, Observation& observation);
  void attach_evidence(const JudgedRecord& record, Observation& observation, Arena& arena);
  void count_findings(const JudgedRecord& record);
  std::string_view words_of(const JudgedRecord& record, const Observation& observation, std::string_view account,
                            Arena& arena);

  [[nodiscard]] std::span<JudgedRecord> group() { return std::span(records).first(group_size); }

  AnalyzerOptions options;
  const RuleSlot& rule_slot;
  DetectCounters& counters;
  uint64_t rules_generation = ~uint64_t{0};
  std::shared_ptr<InForce> in_force;
  EvidenceBuilder evidence;
  WordTeller words;
  std::vector<JudgedRecord> records;                     ///< of which the group is the first
  std::array<uint32_t, kGroupRequests> raw_index{};      ///< per record of the group: its raw record in the batch
  std::array<uint32_t, kGroupRequests> request_index{};  ///< and which request in that
  size_t group_size = 0;
  BatchPosition position;
  EventTime last_time{};                                          ///< of the last request whose time could be read
  uint16_t source = 0;                                            ///< of the record that is read
  std::array<FieldCounts, TopicTable::kSourcesMax> field_counts;  ///< by source
};

Analyzer::Analyzer(AnalyzerOptions options, const RuleSlot& rules, DetectCounters& counters)
    : impl_(std::make_unique<Impl>(std::move(options), rules, counters)) {}
Analyzer::~Analyzer() = default;

Status Analyzer::analyze(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  out.observations.clear();
  out.rejected.clear();
  out.verdicts.clear();
  out.correlation_events.clear();
  out.passed_over = 0;
  out.arena.clear();
  if (batch.empty()) return {};
  if (auto ready = impl_->take_rules_in_force(); !ready) return ready;
  out.definitions = impl_->in_force;

  DetectCounters& counters = impl_->counters;
  const auto started = std::chrono::steady_clock::now();
  Lap lap;
  impl_->position = {};
  while (true) {
    impl_->parse(batch, out);
    lap.into(counters.parse_ns);
    if (impl_->group_size == 0) break;
    impl_->decode();
    lap.into(counters.decode_ns);
    impl_->match(batch, out.arena);
    lap.into(counters.match_ns);
    impl_->observe(batch, out);
    lap.into(counters.observe_ns);
  }
  for (size_t source = 0; source < impl_->field_counts.size(); ++source)
    impl_->field_counts[source].move_into(counters, counters.sources[source]);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  counters.seconds_per_record.observe(elapsed.count() / static_cast<double>(batch.size()), batch.size());
  return {};
}

Status Analyzer::Impl::take_rules_in_force() {
  const uint64_t generation = rule_slot.generation();
  if (generation == rules_generation) return {};
  const Judgement judgement = *rule_slot.in_force();
  auto judge = RecordJudge::create(options, judgement);
  if (!judge) return tl::unexpected<Error>(judge.error());
  in_force = std::make_shared<InForce>(
      InForce{std::move(*judge), CorrelationFeed(*judgement.rules, options.hash_key, options.masker),
              ResponseFeed(judgement.policy.get(), options.hash_key), bot_rules(*judgement.rules)});
  if (rules_generation != ~uint64_t{0}) counters.rule_set_changes.add();
  counters.hits_of_rules.begin(judgement.rules);
  rules_generation = generation;
  return {};
}

/// Fills the group with the next requests of the batch.
void Analyzer::Impl::parse(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  group_size = 0;
  while (group_size < kGroupRequests) {
    if (!position.is_open && !open_record(batch)) return;
    JudgedRecord& record = records[group_size];
    ParseOutcome outcome;
    switch (in_force->judge.next(record, outcome)) {
      case EventParser::Next::kEvent:
        if (!options.times.contains(record.event.time)) {
          ++out.passed_over;
          ++position.request;
          break;
        }
        raw_index[group_size] = position.record;
        request_index[group_size++] = position.request++;
        if (!record.event.has(EventFlag::kNoTime)) last_time = record.event.time;
        field_counts[source].add(record.event);
        break;
      case EventParser::Next::kReject:
        counters.rejected[static_cast<size_t>(outcome.reason)].add();
        counters.sources[source].rejected.add();
        // A record becomes one dead letter, however much of it could not be read.
        if (out.rejected.empty() || out.rejected.back().index != position.record)
          out.rejected.push_back({position.record, outcome.reason, std::move(outcome.detail)});
        break;
      case EventParser::Next::kSkip:
        counters.skipped.add();
        counters.sources[source].skipped.add();
        break;
      case EventParser::Next::kEnd:
        position = {position.record + 1, 0, false};
        break;
    }
  }
}

bool Analyzer::Impl::open_record(std::span<const RawRecord> batch) {
  if (position.record == batch.size()) return false;
  if (position.record + 1 < batch.size()) prefetch(batch[position.record + 1].payload);
  const RawRecord& raw = batch[position.record];
  const uint16_t claimed = options.topics.source_of(raw.at.topic);
  source = claimed < TopicTable::kSourcesMax ? claimed : uint16_t{0};
  counters.records.add();
  counters.sources[source].records.add();
  counters.bytes.add(raw.payload.size());
  in_force->judge.begin(source, raw.payload, raw.append_time == EventTime::max() ? last_time : raw.append_time);
  position.is_open = true;
  return true;
}

void Analyzer::Impl::decode() {
  for (JudgedRecord& record : group())
    in_force->judge.decode(record);
}

void Analyzer::Impl::match(std::span<const RawRecord> batch, Arena& arena) {
  RecordJudge& judge = in_force->judge;
  for (size_t i = 0; i < group_size; ++i) {
    judge.identify(batch[raw_index[i]].append_time, arena, records[i]);
    judge.prepare(records[i]);
  }
  judge.match(group());
  for (JudgedRecord& record : group())
    judge.judge(record);
}

void Analyzer::Impl::observe(std::span<const RawRecord> batch, AnalyzedBatch& out) {
  // No observation moves while the group's are written.
  out.observations.reserve(room_for(out.observations.size(), 2 * group_size, out.observations.capacity()));
  for (size_t i = 0; i < group_size; ++i) {
    const JudgedRecord& record = records[i];
    Observation& observation = out.observations.emplace_back();
    describe(record, batch[raw_index[i]].at, in_force->judge.rules(), observation);
    observation.at.index = request_index[i];
    set_flags(record, observation);
    if (record.detection.malicious) attach_evidence(record, observation, out.arena);
    in_force->correlations.take(record.event, record.client, record.detection, observation, out.arena,
                                out.correlation_events);
    in_force->responses.take(record.policy.route, record.policy.response_faults, observation, out.arena,
                             out.correlation_events);
    count_findings(record);
    if (options.keep_verdicts) out.verdicts.push_back(verdict_of(record, raw_index[i], options.masker, out.arena));
    observation.words = words_of(record, observation, {}, out.arena);
    if (record.client.kind == ClientKind::kAddress) continue;
    Observation& count = out.observations.emplace_back();
    describe_address(observation, in_force->judge.address_of(record.event, out.arena), count);
    if (!observation.words.empty()) count.words = words_of(record, observation, record.client.text, out.arena);
  }
}

std::string_view Analyzer::Impl::words_of(const JudgedRecord& record, const Observation& observation,
                                          std::string_view account, Arena& arena) {
  if (observation.evidence) return words.tell(evidence.last(), account, arena);
  const bool is_bot = observation.has(ObservationFlag::kBotUserAgent);
  if (!WordTeller::tells(observation.at.offset, observation.status, is_bot)) return {};
  return words.tell(record.event, observation.user_agent_hash, observation.path_hash, account, arena);
}

/// The flags, each with its counter.
void Analyzer::Impl::set_flags(const JudgedRecord& record, Observation& observation) {
  const auto set_if = [&](bool holds, ObservationFlag flag, Counter& counter) {
    if (!holds) return;
    observation.flags = static_cast<uint8_t>(observation.flags | static_cast<uint8_t>(flag));
    counter.add();
  };
  const DecodedRecord& decoded = record.decoded;
  const Detection& detection = record.detection;
  const auto names_bot = [&](const Hit& hit) { return in_force->is_bot_rule[hit.rule]; };
  set_if(record.event.has(EventFlag::kUtf8Repaired), ObservationFlag::kUtf8Repaired, counters.utf8_repaired);
  set_if(decoded.truncated_lines + decoded.dropped_lines > 0, ObservationFlag::kTruncated, counters.truncated_records);
  set_if(detection.scan_failed, ObservationFlag::kScanFailed, counters.scan_failures);
  set_if(detection.capped, ObservationFlag::kScanCapped, counters.capped_scans);
  set_if(std::any_of(detection.hits.begin(), detection.hits.end(), names_bot), ObservationFlag::kBotUserAgent,
         counters.bot_user_agents);
  if (decoded.dropped_lines != 0) counters.dropped_lines.add(decoded.dropped_lines);
  if (detection.gave_up) counters.expression_limits.add();
  const auto count_if = [&](EventFlag flag, Counter& counter) {
    if (record.event.has(flag)) counter.add();
  };
  count_if(EventFlag::kSalvaged, counters.salvaged);
  count_if(EventFlag::kMalformed, counters.malformed);
  count_if(EventFlag::kNoTime, counters.without_time);
  count_if(EventFlag::kNoAddress, counters.without_address);
}

void Analyzer::Impl::attach_evidence(const JudgedRecord& record, Observation& observation, Arena& arena) {
  counters.malicious.add();
  counters.sources[record.source].malicious.add();
  const RecordJudge& judge = in_force->judge;
  const Level violation_level =
      judge.policy() == nullptr ? Level::kInformational : judge.policy()->routes()[record.policy.route].alert;
  observation.evidence = evidence.build({record.event, record.decoded, record.detection, judge.rules(),
                                         record.policy.violations, judge.policy(), violation_level},
                                        arena);
}

void Analyzer::Impl::count_findings(const JudgedRecord& record) {
  const auto& rules = in_force->judge.rules().rules();
  for (const Hit& hit : record.detection.hits) {
    counters.rule_hits[static_cast<size_t>(rules[hit.rule].category)].add();
    counters.hits_of_rules.add(hit.rule);
  }
  const PolicyFindings& policy = record.policy;
  for (const Violation& violation : policy.violations)
    counters.policy_violations[static_cast<size_t>(violation.rule)].add();
  if (in_force->judge.policy() == nullptr) return;
  counters.excluded_hits.add(record.detection.excluded.size() + policy.excluded.size());
  counters.exclusions_left_out.add(policy.exclusions_left_out);
  if (policy.violations_left_out) counters.violations_left_out.add();
  if (policy.response_faults == 0) return;
  for (unsigned i = 0; i < kResponseFaults; ++i)
    if ((policy.response_faults >> i & 1U) != 0) counters.response_faults[i].add();
}

}  // namespace weir
