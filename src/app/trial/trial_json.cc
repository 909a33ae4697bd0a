#include <nlohmann/json.hpp>

#include <algorithm>

#include "app/trial/trial_report.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kListedMax = 1'000;  // of alerts, and of candidates for false alarms
constexpr size_t kTopMax = 20;

Json of_example(const TrialExample& example) {
  return {{"place", example.place},   {"client", example.client}, {"host", example.host},
          {"target", example.target}, {"score", example.score},   {"malicious", example.malicious}};
}

Json examples_of(const std::vector<TrialExample>& examples) {
  Json list = Json::array();
  for (const TrialExample& example : examples)
    list.push_back(of_example(example));
  return list;
}

const char* state_of(const TrialRule& rule) {
  if (!rule.is_there[0]) return "added";
  if (!rule.is_there[1]) return "removed";
  return rule.differs() ? "changed" : "same";
}

/// Rules that hit nothing in either set say nothing, unless they are new or gone.
Json rules_json(const Trial& trial) {
  Json list = Json::array();
  for (const TrialRule& rule : trial.rules()) {
    if (!rule.differs() && rule.hits[0] == 0 && rule.hits[1] == 0) continue;
    list.push_back({{"id", rule.id},
                    {"title", rule.title},
                    {"kind", rule.is_correlation ? "correlation" : "rule"},
                    {"state", state_of(rule)},
                    {"hits", {{"current", rule.hits[0]}, {"candidate", rule.hits[1]}}},
                    {"new_hits", rule.only[1]},
                    {"lost_hits", rule.only[0]},
                    {"new_alerts", rule.only_alerts[1]},
                    {"lost_alerts", rule.only_alerts[0]},
                    {"new_examples", examples_of(rule.examples[1])},
                    {"lost_examples", examples_of(rule.examples[0])}});
  }
  return list;
}

Json episodes_json(const AlertMatch& alerts, TrialSide side) {
  Json list = Json::array();
  for (const TrialEpisode& episode : alerts.episodes(side)) {
    if (episode.is_matched) continue;
    if (list.size() == kListedMax) break;
    list.push_back({{"id", episode.alert_id},
                    {"kind", to_string(episode.kind)},
                    {"client", episode.client},
                    {"severity", to_string(episode.severity)},
                    {"count", episode.count},
                    {"first_seen", format_rfc3339(episode.first_seen)},
                    {"last_seen", format_rfc3339(episode.last_seen)},
                    {"target", episode.target},
                    {"rules", episode.rules}});
  }
  return list;
}

Json alerts_json(const Trial& trial) {
  const AlertMatch& alerts = trial.alerts();
  return {{"new", alerts.only(TrialSide::kCandidate)},
          {"lost", alerts.only(TrialSide::kCurrent)},
          {"changed", alerts.changed()},
          {"new_per_day", static_cast<double>(alerts.only(TrialSide::kCandidate)) / trial.days()},
          {"exact", alerts.is_exact()},
          {"new_list", episodes_json(alerts, TrialSide::kCandidate)},
          {"lost_list", episodes_json(alerts, TrialSide::kCurrent)}};
}

Json top_json(const TopCounts& counts, const char* name) {
  Json list = Json::array();
  for (const auto& entry : counts.top(kTopMax))
    list.push_back({{name, entry.key}, {"requests", entry.count}});
  return list;
}

Json false_alarms_json(const Trial& trial) {
  Json list = Json::array();
  for (const FalseAlarmCandidate& false_alarm : trial.false_alarms()) {
    if (list.size() == kListedMax) break;
    list.push_back({{"client", false_alarm.client},
                    {"route", false_alarm.route},
                    {"requests", false_alarm.requests},
                    {"rules", false_alarm.rules},
                    {"example", of_example(false_alarm.example)}});
  }
  return {{"requests", trial.false_alarm_requests()}, {"exact", trial.is_exact()}, {"list", list}};
}

Json side_json(const Trial& trial, const TrialFigures& figures, TrialSide side) {
  const AlertMatch& alerts = trial.alerts();
  Json kinds = Json::object();
  for (size_t kind = 0; kind < static_cast<size_t>(AlertKind::kCount); ++kind)
    kinds[std::string(to_string(static_cast<AlertKind>(kind)))] = alerts.opened(side, static_cast<AlertKind>(kind));
  const auto& cost = figures.cost[static_cast<size_t>(side)];
  return {{"rules", trial.rule_set(side).rules().size() + trial.rule_set(side).correlations().size()},
          {"rule_set", trial.rule_set(side).fingerprint()},
          {"malicious", trial.malicious(side)},
          {"alerts_opened", alerts.opened(side)},
          {"alerts_opened_by_kind", kinds},
          {"alerts_published", alerts.published(side)},
          {"ns_per_record", {{"match", cost.match_ns}, {"all", cost.all_ns}}}};
}

Json limits_json(const Trial& trial, const TrialLimits& limits) {
  Json json = Json::object();
  const auto put = [&](const char* name, const std::optional<uint64_t>& limit) {
    if (limit) json[name] = *limit;
  };
  put("max_new_alerts_per_day", limits.new_alerts_per_day_max);
  put("max_lost_alerts", limits.lost_alerts_max);
  put("max_false_alarms", limits.false_alarms_max);
  json["passed_over"] = passed_limits(trial, limits);
  return json;
}

}  // namespace

std::string trial_json(const Trial& trial, const TrialFigures& figures) {
  const bool any = trial.requests() > 0;
  const Json json{{"records", figures.records},
                  {"rejected", figures.rejected},
                  {"requests", trial.requests()},
                  {"from", any ? Json(format_rfc3339(trial.from())) : Json()},
                  {"until", any ? Json(format_rfc3339(trial.until())) : Json()},
                  {"days", trial.days()},
                  {"seconds", figures.seconds},
                  {"current", side_json(trial, figures, TrialSide::kCurrent)},
                  {"candidate", side_json(trial, figures, TrialSide::kCandidate)},
                  {"new_malicious", trial.only_malicious(TrialSide::kCandidate)},
                  {"lost_malicious", trial.only_malicious(TrialSide::kCurrent)},
                  {"alerts", alerts_json(trial)},
                  {"rules", rules_json(trial)},
                  {"clients", top_json(trial.clients(), "client")},
                  {"routes", top_json(trial.routes(), "route")},
                  {"false_alarm_candidates", false_alarms_json(trial)},
                  {"limits", limits_json(trial, figures.limits)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir
