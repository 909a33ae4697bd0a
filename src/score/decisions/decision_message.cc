#include "score/decisions/decision_message.h"

#include "alert/json_writer.h"
#include "base/time.h"

namespace weir {
namespace {

constexpr int64_t kVersion = 1;

std::string time_text(int64_t ms) {
  return format_rfc3339(EventTime(Milliseconds(ms)));
}

void write_members(const Decision& decision, JsonWriter& json) {
  json.text("id", decision.id);
  json.text("action", to_string(decision.action));
  json.text("scope", scope_of(decision));
  json.text("value", decision.subject);
  json.text("client_type", to_string(decision.client_kind));
  json.text("client", decision.client);
  json.text("rule", decision.rule);
  json.text("reason", decision.reason);
  json.text("alert_id", decision.alert_id);
  json.text("caller", decision.caller);
  json.text("from", time_text(decision.from_ms));
  json.text("until", time_text(decision.until_ms));
  if (decision.retry_after.count() > 0) json.number("retry_after_s", decision.retry_after.count() / 1'000);
  json.number("times", decision.times);
  json.truth("simulate", decision.is_simulated);
}

}  // namespace

std::string decision_key(const Decision& decision) {
  return std::string(to_string(decision.client_kind)) + ":" + decision.client;
}

std::string_view scope_of(const Decision& decision) {
  if (decision.client_kind != ClientKind::kAddress) return to_string(decision.client_kind);
  return decision.subject.find('/') == std::string::npos ? "ip" : "range";
}

std::string decision_value(const Decision& decision) {
  JsonWriter json;
  json.begin_object();
  json.number("version", kVersion);
  write_members(decision, json);
  json.end_object();
  return json.take();
}

std::string decision_line(const DecisionChange& change) {
  JsonWriter json;
  json.begin_object();
  json.text("change", to_string(change.what));
  write_members(change.decision, json);
  json.end_object();
  return json.take();
}

}  // namespace weir
