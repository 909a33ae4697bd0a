#include "pipeline/record_judge.h"

#include <algorithm>

namespace weir {
namespace {

DecodeOptions for_rules(DecodeOptions options, const RuleSet& rules) {
  options.raw_places = rules.raw_places();
  return options;
}

/// None where nobody checks the keys that clients send: a client could be somebody else with every request.
std::vector<std::string> headers_of(const InputOptions& input, const std::vector<std::string>& headers) {
  return input.profile.api_key_trust == IdentityTrust::kNever ? std::vector<std::string>() : headers;
}

}  // namespace

RecordJudge::RecordJudge(const JudgeOptions& options, Judgement in_force, Matcher matcher)
    : decoder_(for_rules(options.decode, *in_force.rules)),
      policy_(std::move(in_force.policy), *in_force.rules),
      matcher_(std::move(matcher)),
      masker_(options.masker) {
  if (in_force.readings == nullptr || in_force.readings->empty()) {
    sources_.push_back(
        {EventParser(options.input), ClientIdentifier(options.client_order, options.hash_key, options.masker,
                                                      headers_of(options.input, options.identity_headers))});
    return;
  }
  for (const SourceReading& reading : *in_force.readings)
    sources_.push_back(
        {EventParser(reading.input), ClientIdentifier(reading.client_order, options.hash_key, options.masker,
                                                      headers_of(reading.input, reading.identity_headers))});
}

Result<RecordJudge> RecordJudge::create(const JudgeOptions& options, Judgement in_force) {
  auto matcher = Matcher::create(in_force.rules, options.matching);
  if (!matcher) return tl::unexpected<Error>(matcher.error());
  return RecordJudge(options, std::move(in_force), std::move(*matcher));
}

void RecordJudge::begin(uint16_t source, std::string_view payload, EventTime reference) {
  source_ = source < sources_.size() ? source : uint16_t{0};
  sources_[source_].parser.begin(payload, reference);
}

EventParser::Next RecordJudge::next(JudgedRecord& record, ParseOutcome& outcome) {
  record.source = source_;
  return sources_[source_].parser.next(record.storage, record.event, outcome);
}

ParseOutcome RecordJudge::parse(std::string_view payload, JudgedRecord& record) {
  record.source = 0;
  return sources_.front().parser.parse(payload, record.storage, record.event);
}

void RecordJudge::decode(JudgedRecord& record) {
  decoder_.decode(record.event, record.decoded);
}

void RecordJudge::identify(EventTime append_time, Arena& arena, JudgedRecord& record) {
  record.client = sources_[record.source].identifier.identify(record.event, arena);
  record.time = std::min(record.event.time, append_time);
}

void RecordJudge::prepare(JudgedRecord& record) {
  policy_.prepare(record.event, record.decoded, record.facts(), record.policy);
}

void RecordJudge::match(std::span<JudgedRecord> records, LineLearning learning) {
  tasks_.clear();
  for (JudgedRecord& record : records)
    tasks_.push_back({&record.event, &record.decoded, &record.policy.matching, &record.detection});
  matcher_.match(tasks_, learning);
}

void RecordJudge::judge(JudgedRecord& record) {
  policy_.judge(record.event, record.decoded, record.facts(), record.detection, record.policy);
}

ParseOutcome RecordJudge::judge_alone(std::string_view payload, Arena& arena, JudgedRecord& record) {
  ParseOutcome outcome = parse(payload, record);
  if (!outcome.ok()) return outcome;
  decode(record);
  identify(EventTime::max(), arena, record);
  prepare(record);
  match({&record, 1});
  judge(record);
  return outcome;
}

}  // namespace weir
