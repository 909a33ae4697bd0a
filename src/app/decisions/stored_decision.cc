#include "app/decisions/stored_decision.h"

#include <nlohmann/json.hpp>

#include "event/values/timestamp.h"

namespace weir {
namespace {

using ParsedJson = nlohmann::json;

constexpr int64_t kVersion = 1;

std::string text_in(const ParsedJson& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t number_in(const ParsedJson& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace

std::optional<Decision> parse_decision(std::string_view text) {
  const ParsedJson json = ParsedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || number_in(json, "version") != kVersion) return std::nullopt;
  const auto action = from_name<DecisionAction>(text_in(json, "action"));
  const auto kind = from_name<ClientKind>(text_in(json, "client_type"));
  const auto from = parse_timestamp(text_in(json, "from"), TimestampFormat::kRfc3339);
  const auto until = parse_timestamp(text_in(json, "until"), TimestampFormat::kRfc3339);
  Decision decision;
  decision.id = text_in(json, "id");
  decision.client = text_in(json, "client");
  decision.subject = text_in(json, "value");
  if (!action || !kind || !from || !until || decision.id.empty() || decision.subject.empty()) return std::nullopt;
  decision.action = *action;
  decision.client_kind = *kind;
  decision.from_ms = from->time_since_epoch().count();
  decision.until_ms = until->time_since_epoch().count();
  decision.rule = text_in(json, "rule");
  decision.reason = text_in(json, "reason");
  decision.alert_id = text_in(json, "alert_id");
  decision.caller = text_in(json, "caller");
  decision.retry_after = Milliseconds{number_in(json, "retry_after_s") * 1'000};
  decision.times = static_cast<uint32_t>(number_in(json, "times"));
  // What does not say that it is to be enforced is not.
  const auto simulate = json.find("simulate");
  decision.is_simulated = simulate == json.end() || !simulate->is_boolean() || simulate->get<bool>();
  return decision;
}

std::string_view origin_of(const Decision& decision) {
  return decision.caller.empty() ? "weir" : "manual";
}

}  // namespace weir
