#include "app/notify/messages.h"

#include <array>
#include <utility>

namespace weir {
namespace {

using Json = MessageTemplate::Json;

constexpr std::string_view kGenericBody = R"({
  "id": "{{id}}", "episode": "{{episode}}", "time": "{{time}}", "kind": "{{kind}}", "phase": "{{phase}}",
  "severity": "{{severity}}", "severity_id": "{{severity_id}}", "title": "{{title}}", "message": "{{message}}",
  "client": "{{client}}", "client_kind": "{{client_kind}}", "address": "{{address}}", "host": "{{host}}",
  "count": "{{count}}", "categories": "{{categories}}", "outcome": "{{outcome}}", "advice": "{{advice}}",
  "related": "{{related}}"})";
constexpr std::string_view kGenericSummary = R"({
  "more": "{{more}}", "severities": "{{severities}}", "severity": "{{severity}}", "since": "{{since}}",
  "until": "{{until}}", "message": "and {{more}} more: {{severities}}"})";
// Plain text: what a request held shall not become a link, a mention or emphasis.
constexpr std::string_view kSlackBody = R"({
  "text": "{{severity}}: {{title|slack}}\n{{message|slack}}\n{{advice|slack}}\nweir alerts show {{id}}",
  "mrkdwn": false, "unfurl_links": false, "unfurl_media": false})";
constexpr std::string_view kSlackSummary = R"({
  "text": "and {{more}} more: {{severities}}, from {{since}} to {{until}}",
  "mrkdwn": false, "unfurl_links": false, "unfurl_media": false})";

const std::vector<std::string>& alert_names() {
  static const std::vector<std::string> names{"id",          "episode",     "time",    "kind",    "phase",
                                              "severity",    "severity_id", "title",   "message", "client",
                                              "client_kind", "address",     "host",    "count",   "categories",
                                              "outcome",     "advice",      "related", "alert"};
  return names;
}

const std::vector<std::string>& summary_names() {
  static const std::vector<std::string> names{"more", "severities", "severity", "since", "until"};
  return names;
}

constexpr std::array<std::string_view, 6> kSeverities{"unknown", "informational", "low", "medium", "high", "critical"};

std::string_view severity_name(int64_t severity) {
  return severity > 0 && severity < static_cast<int64_t>(kSeverities.size())
             ? kSeverities[static_cast<size_t>(severity)]
             : kSeverities[0];
}

Json value_of(const AlertView& alert, std::string_view name) {
  if (name == "id") return alert.id();
  if (name == "episode") return alert.episode();
  if (name == "time") return format_rfc3339(alert.time());
  if (name == "severity") return alert.severity_name();
  if (name == "severity_id") return alert.severity();
  if (name == "title") return alert.title();
  if (name == "message") return alert.message();
  if (name == "address") return alert.address();
  if (name == "host") return alert.host();
  if (name == "count") return alert.count();
  if (name == "categories") return alert.own_list("categories");
  if (name == "advice") return alert.text("/remediation/desc", "/weir/advice");
  if (name == "alert" || name == "related") {
    const Json* there = name == "alert" ? alert.at("", "") : alert.at("/unmapped/weir/related", "/weir/related");
    return there == nullptr ? Json::array() : *there;
  }
  return alert.own(name);  // kind, phase, client, client_kind, outcome
}

Json value_of(const NoticeSummary& summary, std::string_view name) {
  if (name == "more") return summary.count;
  if (name == "since") return format_rfc3339(summary.first);
  if (name == "until") return format_rfc3339(summary.last);
  std::string all;
  for (size_t i = summary.by_severity.size(); i-- > 0;) {
    if (summary.by_severity[i] == 0) continue;
    const std::string_view text = severity_name(static_cast<int64_t>(i));
    if (name == "severity") return std::string(text);  // the gravest
    all.append(all.empty() ? "" : ", ").append(std::to_string(summary.by_severity[i])).append(" ").append(text);
  }
  return all;
}

}  // namespace

Result<Messages> Messages::of(const NotifyConfig& config) {
  const bool is_slack = config.preset == NotifyPreset::kSlack;
  auto body = MessageTemplate::parse(
      "notify.body", config.body.empty() ? (is_slack ? kSlackBody : kGenericBody) : config.body, alert_names());
  if (!body) return tl::unexpected(body.error());
  auto summary = MessageTemplate::parse(
      "notify.summary_body",
      config.summary_body.empty() ? (is_slack ? kSlackSummary : kGenericSummary) : config.summary_body,
      summary_names());
  if (!summary) return tl::unexpected(summary.error());
  return Messages(std::move(*body), std::move(*summary));
}

Notice Messages::notice_of(const AlertView& alert) const {
  return {alert.id(), body_.fill([&](std::string_view name) { return value_of(alert, name); }), alert.severity(),
          alert.time()};
}

std::string Messages::summary_of(const NoticeSummary& summary) const {
  return summary_.fill([&](std::string_view name) { return value_of(summary, name); });
}

}  // namespace weir
