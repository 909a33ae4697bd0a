#include "app/daemon/admin_api.h"

#include <nlohmann/json.hpp>

#include "app/daemon/client_api.h"
#include "app/daemon/json_answer.h"
#include "app/daemon/openapi_document.h"
#include "app/explain/explain_json.h"
#include "app/setup/policy_report.h"
#include "base/time.h"
#include "pipeline/blind_spots.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kDiagnosticsMax = 100;
constexpr size_t kPolicyEntriesMax = 100;  // exclusions and routes shown

std::string rfc3339(std::chrono::system_clock::time_point time) {
  return format_rfc3339(EventTime(std::chrono::duration_cast<Milliseconds>(time.time_since_epoch())));
}

Json diagnostics_json(const Diagnostics& diagnostics) {
  Json list = Json::array();
  for (const Diagnostic& diagnostic : diagnostics) {
    if (list.size() == kDiagnosticsMax) break;
    Json finding = {{"severity", diagnostic.severity == Diagnostic::Severity::kError ? "error" : "warning"},
                    {"file", diagnostic.file},
                    {"line", diagnostic.line},
                    {"message", diagnostic.message}};
    if (!diagnostic.hint.empty()) finding["hint"] = diagnostic.hint;
    list.push_back(std::move(finding));
  }
  return list;
}

ApiAnswer reload(const AdminContext& context, const ApiCall& call) {
  context.log(LogLevel::kInfo, "a reload of the rules is asked for through the API by " + std::string(call.caller));
  const ReloadReport report = context.reloader.reload();
  Json json;
  json["reloaded"] = report.result.has_value();
  if (!report.result) json["error"] = report.result.error().detail;
  json["rule_set"] = report.fingerprint;
  json["rules"] = report.rules;
  json["diagnostics"] = diagnostics_json(report.diagnostics);
  return json_answer(report.result ? 200 : kUnprocessable, json);
}

Json lane_json(const LaneCounters& lane) {
  uint64_t lag = 0;
  for (const auto& entry : lane.kafka->lag.entries())
    lag += entry.records;
  Json json = {{"name", lane.lane}, {"stage", lane.detect != nullptr ? "detect" : "score"}};
  if (lane.detect != nullptr) {
    json["records"] = lane.detect->records.value();
    json["rule_set_changes"] = lane.detect->rule_set_changes.value();
  } else {
    json["observations"] = lane.score->observations.value();
  }
  json["partitions"] = lane.kafka->assigned_partitions.value();
  json["lag"] = lag;
  return json;
}

/// None before the brokers have answered.
const std::vector<LaneCounters>& lanes_of(const AdminContext& context) {
  static const std::vector<LaneCounters> kNone;
  const Engine* engine = context.engine.load();
  return engine == nullptr ? kNone : engine->counters();
}

/// How many requests of a source had which field, and what detection needs and none had.
Json source_json(const SourceTotals& totals, const SourceReading& reading) {
  Json read = Json::object(), unread = Json::object(), spots = Json::array();
  for (size_t i = 0; i < kFieldCount; ++i) {
    const std::string name(field_name(static_cast<ProfileFieldIndex>(i)));
    read[name] = totals.fields_read[i];
    if (totals.fields_unread[i] > 0) unread[name] = totals.fields_unread[i];
  }
  for (const BlindSpot& spot : blind_spots(totals, reading))
    spots.push_back(spot.what + ": " + spot.sentence);
  return {{"name", reading.name},
          {"profile", reading.input.profile.name},
          {"records", totals.records},
          {"requests", totals.requests},
          {"skipped_lines", totals.skipped},
          {"rejected", totals.rejected},
          {"malicious", totals.malicious},
          {"fields_read", read},
          {"fields_unread", unread},
          {"blind_spots", spots}};
}

Json sources_json(const AdminContext& context) {
  std::vector<const DetectCounters*> lanes;
  for (const LaneCounters& lane : lanes_of(context))
    if (lane.detect != nullptr) lanes.push_back(lane.detect);
  const auto readings = context.rules.in_force()->readings;
  Json list = Json::array();
  for (size_t source = 0; readings && source < readings->size(); ++source)
    list.push_back(source_json(totals_of(lanes, source), (*readings)[source]));
  return list;
}

ApiAnswer status(const AdminContext& context) {
  const ReloadReport last = context.reloader.last();
  const auto uptime = std::chrono::steady_clock::now() - context.started;
  Json json;
  json["version"] = WEIR_VERSION;
  json["uptime_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
  const Health readiness = context.readiness();
  json["ready"] = readiness.ok;
  if (!readiness.ok) json["reason"] = readiness.detail;
  json["rules"] = {{"rule_set", last.fingerprint},
                   {"count", last.rules},
                   {"last_reload", {{"time", rfc3339(last.time)}, {"successful", last.result.has_value()}}}};
  if (!last.result) json["rules"]["last_reload"]["error"] = last.result.error().detail;
  if (const auto policy = context.rules.load_policy()) json["policy"] = policy_use_json(*policy, kPolicyEntriesMax);
  json["lanes"] = Json::array();
  uint64_t lag = 0;
  for (const LaneCounters& lane : lanes_of(context)) {
    json["lanes"].push_back(lane_json(lane));
    lag += json["lanes"].back()["lag"].get<uint64_t>();
  }
  json["lag"] = lag;
  json["sources"] = sources_json(context);
  return json_answer(200, json);
}

/// The record is read as those of a source.
ApiAnswer analyze(const AdminContext& context, size_t source, const ApiCall& call) {
  Judgement judgement = *context.rules.in_force();
  if (judgement.readings && source < judgement.readings->size())
    judgement.readings = std::make_shared<const SourceReadings>(1, (*judgement.readings)[source]);
  const auto explained = explain_as_json(context.config, judgement, call.body);
  if (explained) return {200, *explained + "\n"};
  if (explained.error().code == ErrorCode::kParse) {
    return json_answer(kUnprocessable, {{"error", "the record cannot be read"}, {"reason", explained.error().detail}});
  }
  context.log(LogLevel::kError, "a record could not be analyzed: " + explained.error().to_string());
  return json_answer(500, {{"error", "internal server error"}});
}

}  // namespace

std::vector<ApiRoute> admin_routes(const AdminContext& context) {
  std::vector<ApiRoute> routes;
  routes.push_back({ApiRoute::Method::kPost, "/-/reload", ApiRoute::Body::kNone,
                    [context](const ApiCall& call) { return reload(context, call); }});
  routes.push_back({ApiRoute::Method::kGet, "/-/status", ApiRoute::Body::kNone,
                    [context](const ApiCall&) { return status(context); }});
  routes.push_back({ApiRoute::Method::kPost, "/api/v1/analyze", ApiRoute::Body::kJson,
                    [context](const ApiCall& call) { return analyze(context, 0, call); }});
  const auto sources = context.config.all_sources();
  std::vector<std::string> names;
  for (size_t i = 0; i < sources.size(); ++i) {
    routes.push_back({ApiRoute::Method::kPost, "/api/v1/analyze/" + sources[i].name, ApiRoute::Body::kJson,
                      [context, i](const ApiCall& call) { return analyze(context, i, call); }});
    names.push_back(sources[i].name);
  }
  for (ApiRoute& route : client_routes({context.config, context.engine, context.log}))
    routes.push_back(std::move(route));
  routes.push_back({ApiRoute::Method::kGet, "/api/v1/openapi.json", ApiRoute::Body::kNone,
                    [document = openapi_document(names)](const ApiCall&) {
                      return ApiAnswer{200, document};
                    }});
  return routes;
}

}  // namespace weir
