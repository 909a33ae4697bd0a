#include "app/explain/explain_json.h"

#include <nlohmann/json.hpp>

#include "app/explain/policy_explain.h"
#include "app/setup/command_setup.h"
#include "workbench/explanation.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTextBytesMax = 1'024;  // of one line or field

std::string shown(const Masker& masker, std::string_view text) {
  return masker.text(text, kTextBytesMax);
}

template <typename Bit, typename Bits>
Json names_of(Bits bits) {
  Json names = Json::array();
  for (unsigned i = 0; i < sizeof(Bits) * 8; ++i)
    if ((bits >> i & 1U) != 0) names.push_back(to_string(static_cast<Bit>(1U << i)));
  return names;
}

Json event_json(const Masker& masker, const Event& event, const ClientIdentity& client) {
  Json json;
  json["time"] = format_rfc3339(event.time);
  json["client"] = {{"kind", to_string(client.kind)}, {"name", shown(masker, client.text)}};
  json["address"] = event.client_ip.to_string();
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) json[name] = shown(masker, value);
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

Json lines_json(const Masker& masker, const DecodedRecord& record) {
  Json lines = Json::array();
  for (const Line& line : record.lines) {
    lines.push_back({{"place", to_string(line.place)},
                     {"text", masker.line(record, line, kTextBytesMax)},
                     {"steps", names_of<DecodeStep>(line.steps)}});
  }
  return lines;
}

Json hits_json(const Masker& masker, const DecodedRecord& record, const Detection& detection, const RuleSet& rules) {
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
      json["parameter"] = shown(masker, record.name_of(line));
      json["text"] = masker.line(record, line, kTextBytesMax);
      json["match"] = {hit.match_begin - line.begin, hit.match_end - line.begin};  // bytes of the unmasked line
    }
    hits.push_back(std::move(json));
  }
  return hits;
}

Json score_json(const Explanation& made) {
  Json categories = Json::object();
  for (const auto& part : made.categories)
    categories[std::string(to_string(part.category))] = part.counted;
  return {{"request", made.record.detection.score},
          {"threshold", made.judge.rules().options().threshold},
          {"categories", categories}};
}

}  // namespace

Result<std::string> explain_as_json(const Config& config, const Judgement& in_force, std::string_view record_text) {
  auto made = explain_record(analyzer_options(config), in_force, record_text);
  if (!made) return tl::unexpected(made.error());
  const JudgedRecord& record = made->record;
  const RuleSet& rules = made->judge.rules();
  const Masker& masker = made->judge.masker();
  if (record.detection.scan_failed) return fail(ErrorCode::kInternal, "detect", "the matcher failed");

  Json json;
  json["malicious"] = record.detection.malicious;
  json["score"] = score_json(*made);
  json["hits"] = hits_json(masker, record.decoded, record.detection, rules);
  json["event"] = event_json(masker, record.event, record.client);
  if (const Policy* policy = made->judge.policy())
    json["policy"] = policy_findings_json(*policy, record, rules, masker);
  json["evasions"] = names_of<Evasion>(record.decoded.evasions);
  json["lines"] = lines_json(masker, record.decoded);
  json["lines_dropped"] = record.decoded.dropped_lines;
  json["scan_capped"] = record.detection.capped;
  json["expression_gave_up"] = record.detection.gave_up;
  json["rule_set"] = rules.fingerprint();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
