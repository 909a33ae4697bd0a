#include "app/commands/explain_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/commands/policy_explain.h"
#include "app/setup/command_setup.h"
#include "detect/match/matcher.h"
#include "evidence/masking.h"
#include "pipeline/client_identity.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTextBytesMax = 1'024;  // of one line or field

std::string shown(std::string_view text) {
  return mask_text(text).substr(0, kTextBytesMax);
}

template <typename Bit, typename Bits>
Json names_of(Bits bits) {
  Json names = Json::array();
  for (unsigned i = 0; i < sizeof(Bits) * 8; ++i)
    if ((bits >> i & 1U) != 0) names.push_back(to_string(static_cast<Bit>(1U << i)));
  return names;
}

std::string shown_line(const DecodedRecord& record, const Line& line) {
  const auto name = record.name_of(line);
  if (is_secret_name(name)) return std::string(name) + "=" + mask_secret(record.value_of(line));
  return shown(record.line_text(line));
}

Json event_json(const Event& event, const ClientIdentity& client) {
  Json json;
  json["time"] = format_rfc3339(event.time);
  json["client"] = {{"kind", to_string(client.kind)}, {"name", shown(client.text)}};
  json["address"] = event.client_ip.to_string();
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) json[name] = shown(value);
  };
  add("request_id", event.request_id);
  add("method", event.method);
  add("host", event.host);
  add("path", event.path);
  add("query", event.query);
  add("user_agent", event.user_agent);
  add("referer", event.referer);
  add("content_type", event.content_type);
  if (event.status != 0) json["status"] = event.status;
  return json;
}

Json lines_json(const DecodedRecord& record) {
  Json lines = Json::array();
  for (const Line& line : record.lines) {
    lines.push_back({{"place", to_string(line.place)},
                     {"text", shown_line(record, line)},
                     {"steps", names_of<DecodeStep>(line.steps)}});
  }
  return lines;
}

Json hits_json(const DecodedRecord& record, const Detection& detection, const RuleSet& rules) {
  Json hits = Json::array();
  for (const Hit& hit : detection.hits) {
    const RuleInfo& rule = rules.rules()[hit.rule];
    Json json = {{"rule", rule.id},
                 {"title", rule.title},
                 {"category", to_string(rule.category)},
                 {"level", to_string(rule.level)},
                 {"weight", rule.weight}};
    if (hit.line != Hit::kNoLine) {
      const Line& line = record.lines[hit.line];
      json["place"] = to_string(line.place);
      json["parameter"] = shown(record.name_of(line));
      json["text"] = shown_line(record, line);
      json["match"] = {hit.match_begin - line.begin, hit.match_end - line.begin};  // bytes of the unmasked line
    }
    hits.push_back(std::move(json));
  }
  return hits;
}

Json score_json(const Detection& detection, const RuleSet& rules) {
  std::array<int, static_cast<size_t>(Category::kCount)> by_category{};
  for (const Hit& hit : detection.hits)
    by_category[static_cast<size_t>(rules.rules()[hit.rule].category)] += rules.rules()[hit.rule].weight;
  Json categories = Json::object();
  for (size_t i = 0; i < by_category.size(); ++i) {
    if (by_category[i] != 0)
      categories[std::string(to_string(static_cast<Category>(i)))] =
          std::min(by_category[i], Matcher::kCategoryScoreMax);
  }
  return {{"request", detection.score}, {"threshold", rules.options().threshold}, {"categories", categories}};
}

}  // namespace

Result<std::string> explain_as_json(const Config& config, const Judgement& in_force, std::string_view record_text) {
  const std::shared_ptr<const RuleSet>& rules = in_force.rules;
  EventParser parser(config.input);
  Event event;
  if (const auto outcome = parser.parse(record_text, event); !outcome.ok()) {
    return fail(ErrorCode::kParse, "input",
                std::string(to_string(outcome.reason)) + (outcome.detail.empty() ? "" : ": " + outcome.detail));
  }
  Decoder decoder(config.decode);
  decoder.set_raw_places(rules->raw_places());
  DecodedRecord record;
  decoder.decode(event, record);
  Matcher matcher;
  if (auto used = matcher.use(rules); !used) return tl::unexpected(used.error());
  Arena arena;
  const AnalyzerOptions options = analyzer_options(config, false);
  ClientIdentifier identifier(options.client_order, options.hash_key);
  const ClientIdentity client = identifier.identify(event, arena);
  PolicyStage policy;
  policy.use(in_force.policy, *rules);
  PolicyFindings findings;
  Detection detection;
  if (policy.active()) {
    const RecordFacts facts{event.client_ip, client.text, event.time};
    matcher.match(event, record, policy.prepare(event, record, facts, findings), detection);
    policy.judge(event, record, facts, detection, findings);
  } else {
    matcher.match(event, record, detection);
  }
  if (detection.scan_failed) return fail(ErrorCode::kInternal, "detect", "the matcher failed");

  Json json;
  json["malicious"] = detection.malicious;
  json["score"] = score_json(detection, *rules);
  json["hits"] = hits_json(record, detection, *rules);
  json["event"] = event_json(event, client);
  if (policy.active()) json["policy"] = policy_findings_json(policy, detection, *rules, findings);
  json["evasions"] = names_of<Evasion>(record.evasions);
  json["lines"] = lines_json(record);
  json["lines_dropped"] = record.dropped_lines;
  json["rule_set"] = rules->fingerprint();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
