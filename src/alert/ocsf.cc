#include "alert/ocsf.h"

#include <algorithm>
#include <array>

#include "alert/json_writer.h"
#include "alert/knowledge.h"
#include "alert/message.h"
#include "alert/ocsf_parts.h"

namespace weir {
namespace {

// Numbers and captions of the OCSF 1.5.0 schema, class detection_finding.
constexpr int kCategoryFindings = 2;
constexpr int kClassDetectionFinding = 2004;
constexpr int kActionObserved = 3;  // weir reads logs: it stops nothing
constexpr int kDispositionDetected = 15;
constexpr int kAnalyticRule = 1, kAnalyticBehavioral = 2;
constexpr int kObservableHostname = 1, kObservableIpAddress = 2, kObservableUserAgent = 16, kObservableUserUid = 31;

struct Coded {
  int id;
  std::string_view caption;
};

Coded activity_of(EpisodePhase phase) {
  switch (phase) {
    case EpisodePhase::kOpened:
      return {1, "Create"};
    case EpisodePhase::kUpdated:
      return {2, "Update"};
    case EpisodePhase::kClosed:
      return {3, "Close"};
  }
  return {0, "Unknown"};
}

Coded severity_of(Level level) {
  switch (level) {
    case Level::kInformational:
      return {1, "Informational"};
    case Level::kLow:
      return {2, "Low"};
    case Level::kMedium:
      return {3, "Medium"};
    case Level::kHigh:
      return {4, "High"};
    case Level::kCritical:
      return {5, "Critical"};
  }
  return {0, "Unknown"};
}

Coded status_of(EpisodePhase phase) {
  switch (phase) {
    case EpisodePhase::kOpened:
      return {1, "New"};
    case EpisodePhase::kUpdated:
      return {2, "In Progress"};
    case EpisodePhase::kClosed:
      return {4, "Resolved"};
  }
  return {0, "Unknown"};
}

int64_t ms(EventTime time) {
  return time.time_since_epoch().count();
}

template <typename Bits, typename Visit>
void for_each_bit(Bits bits, Visit visit) {
  for (unsigned i = 0; i < sizeof(Bits) * 8; ++i) {
    if ((static_cast<unsigned>(bits) >> i & 1U) != 0) visit(1U << i);
  }
}

void write_decode_steps(JsonWriter& json, DecodeSteps steps) {
  json.begin_array("decode_steps");
  for_each_bit(steps, [&](unsigned bit) { json.text(to_string(static_cast<DecodeStep>(bit))); });
  json.end_array();
}

void write_reasons(JsonWriter& json, std::string_view name, AbuseReasons reasons) {
  json.begin_array(name);
  for_each_bit(reasons, [&](unsigned bit) { json.text(to_string(static_cast<AbuseReason>(bit))); });
  json.end_array();
}

void write_categories(JsonWriter& json, std::string_view name, CategoryMask categories) {
  json.begin_array(name);
  for (unsigned i = 0; i < static_cast<unsigned>(Category::kCount); ++i) {
    if ((categories >> i & 1U) != 0) json.text(to_string(static_cast<Category>(i)));
  }
  json.end_array();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.begin_array(name);
  for (const std::string& text : texts)
    json.text(text);
  json.end_array();
}

void write_reasons(JsonWriter& json, std::string_view name, const BurstVerdict& verdict) {
  json.begin_array(name);
  for_each_bit(verdict.reasons, [&](unsigned bit) { json.text(to_string(static_cast<BurstReason>(bit))); });
  json.end_array();
}

std::string_view topic_of(const Alert& alert, const AlertSource& source) {
  return alert.at.topic < source.topics.size() ? std::string_view(source.topics[alert.at.topic]) : std::string_view();
}

void write_metadata(JsonWriter& json, const Alert& alert, const AlertSource& source) {
  json.begin_object("metadata");
  json.text("version", "1.5.0");
  json.text("uid", alert.id);
  json.text("correlation_uid", alert.episode_id);
  json.begin_object("product");
  json.text("name", "weir");
  json.text("vendor_name", "weir");
  json.text("version", source.product_version);
  json.end_object();
  json.text("log_name", topic_of(alert, source));
  json.text("log_provider", source.instance);
  json.begin_array("profiles");
  json.text("security_control");
  json.end_array();
  json.end_object();
}

void write_analytic(JsonWriter& json, const EvidenceHit& hit) {
  json.number("type_id", kAnalyticRule);
  json.text("type", "Rule");
  json.text("uid", hit.rule_id);
  json.text("name", hit.title);
  json.text("category", to_string(hit.category));
}

void write_analytics(JsonWriter& json, const Alert& alert) {
  if (alert.kind == AlertKind::kAbuse) {
    json.begin_object("analytic");
    json.number("type_id", kAnalyticBehavioral);
    json.text("type", "Behavioral");
    json.text("uid", "weir.client_abuse");
    json.text("name", "Client abuse score");
    json.end_object();
    return;
  }
  if (alert.correlation) {
    json.begin_object("analytic");
    json.number("type_id", kAnalyticRule);
    json.text("type", "Rule");
    json.text("uid", alert.correlation->rule_id);
    json.text("name", alert.correlation->title);
    json.text("category", alert.correlation->type);
    json.end_object();
  }
  if (alert.kind == AlertKind::kBurst) {
    json.begin_object("analytic");
    json.number("type_id", kAnalyticBehavioral);
    json.text("type", "Behavioral");
    json.text("uid", "weir.client_burst");
    json.text("name", "Bursts of a client");
    json.end_object();
    return;
  }
  if (!alert.evidence) return;
  const auto& hits = alert.evidence->hits;
  const auto named = [](const EvidenceHit& hit) { return !hit.rule_id.empty() || !hit.title.empty(); };
  if (!hits.empty() && named(hits.front())) {
    json.begin_object("analytic");
    write_analytic(json, hits.front());
    json.end_object();
  }
  if (hits.size() < 2) return;
  json.begin_array("related_analytics");
  for (size_t i = 1; i < hits.size(); ++i) {
    if (!named(hits[i])) continue;
    json.begin_object();
    write_analytic(json, hits[i]);
    json.end_object();
  }
  json.end_array();
}

void write_named(JsonWriter& json, std::string_view member, std::string_view uid, std::string_view name) {
  if (uid.empty()) return;
  json.begin_object(member);
  json.text("uid", uid);
  json.text("name", name);
  json.end_object();
}

/// MITRE ATT&CK (enterprise, version 16).
void write_attacks(JsonWriter& json, const Alert& alert) {
  json.begin_array("attacks");
  for (const Technique& technique : techniques_of(alert)) {
    json.begin_object();
    json.text("version", "16");
    write_named(json, "tactic", technique.tactic_uid, technique.tactic_name);
    write_named(json, "technique", technique.uid, technique.name);
    write_named(json, "sub_technique", technique.sub_uid, technique.sub_name);
    json.end_object();
  }
  json.end_array();
}

void write_finding_info(JsonWriter& json, const Alert& alert) {
  json.begin_object("finding_info");
  json.text("uid", alert.episode_id);
  json.text("title", title_of(alert));
  json.text("desc", message_of(alert));
  if (alert.kind == AlertKind::kAbuse) {
    write_reasons(json, "types", alert.verdict.reasons);
  } else if (alert.correlation) {
    write_texts(json, "types", alert.correlation->tags);
  } else if (alert.kind == AlertKind::kBurst) {
    write_reasons(json, "types", alert.burst);
  } else {
    write_categories(json, "types", alert.categories);
  }
  json.number("created_time", ms(alert.first_seen));
  json.number("modified_time", ms(alert.last_seen));
  json.number("first_seen_time", ms(alert.first_seen));
  json.number("last_seen_time", ms(alert.last_seen));
  write_analytics(json, alert);
  write_attacks(json, alert);
  write_related_events(json, alert);
  json.end_object();
}

void write_http_request(JsonWriter& json, const Evidence& evidence) {
  // The schema's list; any other method stands in unmapped.weir only.
  constexpr std::array<std::string_view, 8> kMethods{"OPTIONS", "GET",    "HEAD",  "POST",
                                                     "PUT",     "DELETE", "TRACE", "CONNECT"};
  json.begin_object("http_request");
  json.text("uid", evidence.request_id);
  if (std::find(kMethods.begin(), kMethods.end(), evidence.method) != kMethods.end()) {
    json.text("http_method", evidence.method);
  }
  json.text("user_agent", evidence.user_agent);
  json.text("referrer", evidence.referer);
  if (!evidence.path.empty()) {
    json.begin_object("url");
    json.text("scheme", evidence.scheme);
    json.text("hostname", evidence.host);
    json.text("path", evidence.path);
    json.text("query_string", evidence.query);
    json.end_object();
  }
  json.end_object();
}

void write_http_response(JsonWriter& json, const EvidenceFacts& facts) {
  if (facts.status == 0) return;
  json.begin_object("http_response");
  json.number("code", facts.status);
  if (facts.response_bytes > 0) json.number("length", static_cast<int64_t>(facts.response_bytes));
  if (facts.duration_ms != EvidenceFacts::kUnknown) json.number("latency", static_cast<int64_t>(facts.duration_ms));
  json.end_object();
}

void write_hits(JsonWriter& json, const Evidence& evidence) {
  json.begin_object("data");
  json.begin_array("hits");
  for (const EvidenceHit& hit : evidence.hits) {
    json.begin_object();
    json.text("rule_id", hit.rule_id);
    json.text("title", hit.title);
    json.text("category", to_string(hit.category));
    json.text("level", to_string(hit.level));
    json.number("weight", hit.weight);
    json.text("place", to_string(hit.place));
    json.text("parameter", hit.parameter);
    json.text("excerpt", hit.excerpt);
    write_decode_steps(json, hit.steps);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_request(JsonWriter& json, const Evidence& evidence) {
  write_http_request(json, evidence);
  write_http_response(json, evidence.facts);
  write_hits(json, evidence);
}

/// An address stands in the evidence as such, and a group is nobody.
bool is_user(const Alert& alert) {
  return !is_target(alert) && alert.client_kind != ClientKind::kAddress && alert.client_kind != ClientKind::kGroup &&
         !alert.client.empty();
}

void write_evidences(JsonWriter& json, const Alert& alert) {
  json.begin_array("evidences");
  json.begin_object();
  if (!alert.address.is_unspecified()) {
    json.begin_object("src_endpoint");
    json.text("ip", alert.address.to_string());
    if (alert.context) write_whereabouts(json, *alert.context);
    json.end_object();
  }
  if (is_user(alert)) {
    json.begin_object("actor");
    json.begin_object("user");
    json.text("uid", alert.client);
    json.end_object();
    json.end_object();
  }
  if (is_target(alert)) {
    json.begin_object("user");
    json.text("uid", alert.client);
    json.end_object();
  }
  if (alert.evidence) write_request(json, *alert.evidence);
  json.end_object();
  for (const Evidence& evidence : alert.further) {
    json.begin_object();
    write_request(json, evidence);
    json.end_object();
  }
  json.end_array();
}

void write_observable(JsonWriter& json, std::string_view name, Coded type, std::string_view value) {
  if (value.empty()) return;
  json.begin_object();
  json.text("name", name);
  json.number("type_id", type.id);
  json.text("type", type.caption);
  json.text("value", value);
  json.end_object();
}

void write_observables(JsonWriter& json, const Alert& alert) {
  json.begin_array("observables");
  if (!alert.address.is_unspecified()) {
    write_observable(json, "evidences[0].src_endpoint.ip", {kObservableIpAddress, "IP Address"},
                     alert.address.to_string());
  }
  if (is_user(alert)) {
    write_observable(json, "evidences[0].actor.user.uid", {kObservableUserUid, "User Object: uid"}, alert.client);
  }
  if (alert.evidence) {
    if (!alert.evidence->path.empty()) {
      write_observable(json, "evidences[0].http_request.url.hostname", {kObservableHostname, "Hostname"},
                       alert.evidence->host);
    }
    write_observable(json, "evidences[0].http_request.user_agent", {kObservableUserAgent, "HTTP User-Agent"},
                     alert.evidence->user_agent);
  }
  json.end_array();
}

void write_correlation(JsonWriter& json, const CorrelationFinding& finding) {
  json.begin_object("correlation");
  json.text("rule_id", finding.rule_id);
  json.text("title", finding.title);
  json.text("type", finding.type);
  write_texts(json, "tags", finding.tags);
  json.begin_array("group");
  for (const auto& [field, value] : finding.group) {
    json.begin_object();
    json.text("field", field);
    json.text("value", value);
    json.end_object();
  }
  json.end_array();
  json.real("value", finding.value);
  json.number("timespan_ms", static_cast<int64_t>(finding.timespan.count()));
  json.end_object();
}

void write_story(JsonWriter& json, const Alert& alert) {
  write_categories(json, "categories", alert.categories);
  json.text("outcome", to_string(alert.outcome));
  if (alert.evidence) json.text("request_outcome", to_string(alert.record_outcome));
  if (!alert.summary) return;
  const AttackSummary& summary = *alert.summary;
  json.begin_object("requests_by_category");
  for (size_t i = 0; i < summary.by_category.size(); ++i)
    if (summary.by_category[i] > 0)
      json.number(to_string(static_cast<Category>(i)), static_cast<int64_t>(summary.by_category[i]));
  json.end_object();
  json.begin_object("requests_by_outcome");
  for (size_t i = 0; i < kOutcomes; ++i)
    if (summary.by_outcome[i] > 0)
      json.number(to_string(static_cast<Outcome>(i)), static_cast<int64_t>(summary.by_outcome[i]));
  json.end_object();
  json.number("hosts", static_cast<int64_t>(summary.hosts));
  json.number("routes", static_cast<int64_t>(summary.routes));
  if (summary.beyond > 0) json.number("beyond", static_cast<int64_t>(summary.beyond));
}

void write_weir(JsonWriter& json, const Alert& alert, const AlertSource& source) {
  json.begin_object("weir");
  json.text("kind", to_string(alert.kind));
  json.text("phase", to_string(alert.phase));
  json.text("client_kind", to_string(alert.client_kind));
  json.text("client", alert.client);
  if (is_target(alert)) json.text("role", "target");
  json.text("trimmed", alert.trimmed);
  if (alert.at != kNoRecord) {
    json.begin_object("record");
    json.text("topic", source.topics.name(alert.at.topic));
    json.text("source", source.topics.source_name(alert.at.topic));
    json.number("partition", alert.at.partition);
    json.number("offset", alert.at.offset);
    if (alert.at.index != 0) json.number("index", alert.at.index);
    json.end_object();
  }
  if (alert.kind == AlertKind::kAttack) write_story(json, alert);
  if (alert.kind == AlertKind::kAbuse || alert.kind == AlertKind::kBurst) {
    write_window(json, alert);
    write_made_of(json, alert);
  }
  if (alert.context) write_context(json, *alert.context);
  if (alert.correlation) write_correlation(json, *alert.correlation);
  write_related(json, alert);
  if (alert.evidence) {
    const Evidence& evidence = *alert.evidence;
    json.text("method", evidence.method);
    json.number("score", evidence.score);
    json.number("rule_hits", evidence.hits_total);
    json.text("rule_set", evidence.rule_set);
    DecodeSteps steps = 0;
    for (const EvidenceHit& hit : evidence.hits)
      steps = static_cast<DecodeSteps>(steps | hit.steps);
    write_decode_steps(json, steps);
    json.begin_array("evasions");
    for_each_bit(evidence.evasions, [&](unsigned bit) { json.text(to_string(static_cast<Evasion>(bit))); });
    json.end_array();
  }
  json.end_object();
}

void write_burst(JsonWriter& json, const Alert& alert) {
  constexpr int64_t kMsPerSecond = 1000;
  write_reasons(json, "reasons", alert.burst);
  if (alert.burst.reasons != static_cast<BurstReasons>(BurstReason::kRequestRate) || !is_clients_burst(alert)) return;
  json.number("requests", static_cast<int64_t>(alert.burst.held));
  json.number("retry_after", (alert.burst.retry_after.count() + kMsPerSecond - 1) / kMsPerSecond);
}

void write_confidence(JsonWriter& json, const Alert& alert) {
  const Confidence confidence = confidence_of(alert);
  json.number("confidence_id", static_cast<int64_t>(confidence));
  json.text("confidence", confidence == Confidence::kHigh     ? "High"
                          : confidence == Confidence::kMedium ? "Medium"
                                                              : "Low");
}

void write_unmapped(JsonWriter& json, const Alert& alert, const AlertSource& source) {
  json.begin_object("unmapped");
  if (alert.kind == AlertKind::kAbuse) {
    json.truth("suspicious", alert.verdict.suspicious);
    write_reasons(json, "reasons", alert.verdict.reasons);
    json.number("risk_score", alert.verdict.risk_score);
  }
  if (alert.kind == AlertKind::kBurst) write_burst(json, alert);
  write_weir(json, alert, source);
  json.end_object();
}

}  // namespace

std::string encode_ocsf(const Alert& alert, const AlertSource& source) {
  const Coded activity = activity_of(alert.phase);
  const Coded severity = severity_of(alert.severity);
  const Coded status = status_of(alert.phase);
  JsonWriter json;
  json.begin_object();
  json.number("class_uid", kClassDetectionFinding);
  json.text("class_name", "Detection Finding");
  json.number("category_uid", kCategoryFindings);
  json.text("category_name", "Findings");
  json.number("activity_id", activity.id);
  json.text("activity_name", activity.caption);
  json.number("type_uid", kClassDetectionFinding * 100 + activity.id);
  json.text("type_name", std::string("Detection Finding: ").append(activity.caption));
  json.number("time", ms(alert.time));
  json.number("start_time", ms(alert.first_seen));
  json.number("end_time", ms(alert.last_seen));
  json.number("count", static_cast<int64_t>(alert.count));
  json.number("severity_id", severity.id);
  json.text("severity", severity.caption);
  json.number("status_id", status.id);
  json.text("status", status.caption);
  json.number("action_id", kActionObserved);
  json.text("action", "Observed");
  json.number("disposition_id", kDispositionDetected);
  json.text("disposition", "Detected");
  json.truth("is_alert", alert.phase != EpisodePhase::kClosed);
  json.text("message", message_of(alert));
  write_confidence(json, alert);
  json.begin_object("remediation");
  json.text("desc", remediation_of(alert));
  json.end_object();
  if (alert.kind == AlertKind::kAbuse) {
    json.number("risk_score", alert.verdict.risk_score);
  } else if (alert.evidence) {
    json.number("risk_score", alert.evidence->score);
  }
  write_metadata(json, alert, source);
  write_finding_info(json, alert);
  write_evidences(json, alert);
  write_observables(json, alert);
  write_enrichments(json, alert);
  write_unmapped(json, alert, source);
  json.end_object();
  return json.take();
}

std::vector<std::pair<std::string, std::string>> cloud_event_headers(const Alert& alert, const AlertSource& source) {
  std::string origin = "/weir";
  if (alert.at != kNoRecord) {
    origin.append("/")
        .append(source.topics.name(alert.at.topic))
        .append("/")
        .append(std::to_string(alert.at.partition));
  }
  std::string type = "weir.";
  type.append(to_string(alert.kind)).append(".").append(to_string(alert.phase));
  return {{"ce_id", alert.id},       {"ce_source", std::move(origin)},        {"ce_type", std::move(type)},
          {"ce_specversion", "1.0"}, {"ce_time", format_rfc3339(alert.time)}, {"content-type", "application/json"}};
}

}  // namespace weir
