#include "app/daemon/client_api.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "app/daemon/json_answer.h"
#include "app/daemon/order_request.h"
#include "app/setup/command_setup.h"
#include "base/arena.h"
#include "lane/block_router.h"
#include "pipeline/client_identity.h"
#include "score/client_check.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kAccepted = 202;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;
constexpr Milliseconds kLanePatience{3'000};   // a lane answers within a tenth of a second unless it waits for Kafka
constexpr Milliseconds kGroupPatience{5'000};  // for the brokers to say who has a partition

std::string time_text(int64_t ms) {
  return format_rfc3339(EventTime(Milliseconds{ms}));
}

/// The names of the bits that are set.
template <NamedBits Enum, typename Bits>
Json names_of(Bits bits) {
  Json names = Json::array();
  for (size_t i = 0; i < kBitNamesOf<Enum>.size(); ++i)
    if ((bits >> i & 1U) != 0) names.push_back(std::string(kBitNamesOf<Enum>[i]));
  return names;
}

Json categories_json(CategoryMask categories) {
  Json names = Json::array();
  for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i)
    if ((categories >> i & 1U) != 0) names.push_back(std::string(to_string(static_cast<Category>(i))));
  return names;
}

Json episode_json(const EpisodeReport& episode) {
  Json json = {{"episode_id", episode.id},
               {"kind", std::string(to_string(episode.kind))},
               {"severity", std::string(to_string(episode.severity))},
               {"count", episode.count},
               {"first_seen", time_text(episode.first_seen_ms)},
               {"last_seen", time_text(episode.last_seen_ms)}};
  if (episode.kind == AlertKind::kAttack) {
    json["categories"] = categories_json(episode.categories);
    json["outcome"] = std::string(to_string(episode.outcome));
  } else if (episode.kind == AlertKind::kAbuse) {
    json["reasons"] = names_of<AbuseReason>(episode.abuse_reasons);
    json["risk_score"] = episode.risk_score;
  } else if (episode.kind == AlertKind::kBurst) {
    json["reasons"] = names_of<BurstReason>(episode.burst_reasons);
  }
  return json;
}

Json silence_json(const Silence& silence) {
  Json json = {{"until", time_text(silence.until_ms)}, {"reason", silence.reason}, {"caller", silence.caller}};
  if (!silence.episode.empty()) json["episode_id"] = silence.episode;
  return json;
}

/// The one in force as the topic has it.
Json decisions_json(const std::optional<ClientDecisions>& decisions) {
  if (!decisions) return {{"in_force", Json()}, {"times", 0}};
  const auto& in_force = decisions->in_force;
  Json json = {{"in_force", in_force ? Json::parse(decision_value(*in_force)) : Json()}, {"times", decisions->times}};
  json["last_until"] = time_text(decisions->last_until_ms);
  return json;
}

Json alert_json(const RecentAlert& alert) {
  return {{"alert_id", alert.id},
          {"episode_id", alert.episode_id},
          {"kind", std::string(to_string(alert.kind))},
          {"phase", std::string(to_string(alert.phase))},
          {"severity", std::string(to_string(alert.severity))},
          {"time", format_rfc3339(alert.time)},
          {"count", alert.count}};
}

void add_report(const ClientReport& report, const AbuseOptions& abuse, Json& json) {
  json["last_record"] = time_text(report.last_ms);
  json["newest_record"] = time_text(report.newest_ms);
  const AbuseVerdict& window = report.window;
  json["window"] = {{"requests", window.requests},
                    {"requests_max", abuse.window_requests},
                    {"addresses", window.addresses},
                    {"user_agents", window.agents},
                    {"bots", report.bots},
                    {"risk_score", window.risk_score},
                    {"suspicious_score", abuse.suspicious_score},
                    {"suspicious", window.suspicious},
                    {"reasons", names_of<AbuseReason>(window.reasons)}};
  json["burst_window"] = {{"requests", report.burst_window.requests},
                          {"authentication_failures", report.burst_window.failures},
                          {"client_errors", report.burst_window.errors},
                          {"malicious", report.burst_window.attacks}};
  json["open_episodes"] = Json::array();
  for (const EpisodeReport& episode : report.episodes)
    json["open_episodes"].push_back(episode_json(episode));
}

/// A client as it was asked for.
struct NamedClient {
  ClientKind kind = ClientKind::kAddress;
  std::string text;
  ClientQuestion question;
};

/// Names clients as the detect stage does. Any thread.
class ClientNames {
 public:
  explicit ClientNames(const Config& config) : ClientNames(analyzer_options(config)) {}

  std::optional<NamedClient> find(std::string_view id, int32_t partitions) {
    const std::lock_guard lock(mutex_);
    arena_.clear();
    const auto identity = identifier_.identify(id, arena_);
    if (!identity) return std::nullopt;
    return NamedClient{
        identity->kind,
        std::string(identity->text),
        {partition_of(identity->hash, partitions), identity->hash, client_check(identity->kind, identity->text)}};
  }

 private:
  explicit ClientNames(const AnalyzerOptions& options)
      : identifier_(options.client_order, options.hash_key, options.masker) {}

  std::mutex mutex_;
  Arena arena_;  // guarded by it, like the next
  ClientIdentifier identifier_;
};

Json head_json(const NamedClient& client, const Config& config) {
  return {{"client", client.text},
          {"client_type", std::string(to_string(client.kind))},
          {"partition", {{"topic", config.kafka.topics.observations}, {"number", client.question.partition}}}};
}

/// No lane of this process has the client's partition: who has?
ApiAnswer tell_owner(const Engine& engine, const ClientApiContext& context, const NamedClient& client) {
  Json json = {{"error", "another process has this client's partition: ask there"}};
  json.update(head_json(client, context.config));
  const auto owner = engine.owner_of(client.question.partition, kGroupPatience);
  if (!owner) {
    context.log(LogLevel::kWarning, "who has a partition cannot be asked: " + owner.error().detail);
    json["owner"] = nullptr;
  } else if (!*owner) {
    json["error"] = "no process has this client's partition now";
    json["owner"] = nullptr;
  } else {
    json["owner"] = {
        {"client_id", (*owner)->client_id}, {"instance_id", (*owner)->instance_id}, {"host", (*owner)->host}};
  }
  return json_answer(kNotFound, json);
}

/// The answer to a call about what can be no client.
ApiAnswer refuse_name() {
  return json_answer(kUnprocessable,
                     {{"error", "this can be no client: give it as alerts do; an API key by its digest (sha256:…)"}});
}

ApiAnswer tell_client(const ClientApiContext& context, ClientNames& names, const ApiCall& call) {
  const Engine* engine = context.engine.load();
  if (engine == nullptr) return json_answer(kUnavailable, {{"error", "is waiting for a broker"}});
  const auto client = names.find(call.id, engine->observations_partitions());
  if (!client) return refuse_name();
  const auto seen = engine->ask_about(client->question, kLanePatience);
  if (!seen) return json_answer(kUnavailable, {{"error", seen.error().to_string()}});
  if (seen->lane.empty()) return tell_owner(*engine, context, *client);
  Json json = head_json(*client, context.config);
  json["owner"] = {{"lane", seen->lane}, {"instance_id", context.config.kafka.instance_id}};
  const ClientAnswer& told = seen->answer;
  if (told.here == ClientAnswer::Here::kRestoring) {
    json["error"] = "the state of this client's partition is being restored: ask again";
    return json_answer(kUnavailable, json);
  }
  json["as_of"] = {{"offset", told.next_offset < 0 ? Json() : Json(told.next_offset)},
                   {"event_time", told.clock ? Json(format_rfc3339(*told.clock)) : Json()}};
  if (!told.client && told.alerts.empty() && told.silences.empty() && !told.decisions) {
    json["error"] = "no client of this name is known: it never came, or was idle for longer than score.client_idle_ms";
    return json_answer(kNotFound, json);
  }
  json["known"] = told.client.has_value();
  if (told.client) add_report(*told.client, context.config.score.abuse, json);
  json["silences"] = Json::array();
  for (const Silence& silence : told.silences)
    json["silences"].push_back(silence_json(silence));
  json["decisions"] = decisions_json(told.decisions);
  json["recent_alerts"] = Json::array();
  for (const RecentAlert& alert : told.alerts)
    json["recent_alerts"].push_back(alert_json(alert));
  return json_answer(200, json);
}

/// One line of the log for each order, whoever finds it in the stream later.
void log_order(const ClientApiContext& context, const ClientOrder& order, const ProducedRecord& at) {
  std::string line = "order: " + std::string(order.caller) + ": " + std::string(to_string(order.kind)) + " " +
                     std::string(to_string(order.client_kind)) + " " + std::string(order.client);
  if (!order.episode.empty()) line += ", episode " + std::string(order.episode);
  if (order.kind == OrderKind::kDecide) line += ", " + std::string(to_string(order.action));
  if (order.until_ms != 0 || order.kind == OrderKind::kSilence) line += ", until " + time_text(order.until_ms);
  line += ", in " + context.config.kafka.topics.observations + "/" + std::to_string(at.partition) + " from offset " +
          std::to_string(at.offset) + " on; reason: " + std::string(order.reason);
  context.log(LogLevel::kInfo, line);
}

/// Why no process would do what is asked; empty: it would.
std::string objection_to(OrderKind kind, const NamedClient& client, const ScoreOptions& score) {
  if (kind != OrderKind::kDecide && kind != OrderKind::kLift) return {};
  if (!score.decisions) return "the configuration has no decisions.rules, so nothing is decided about clients";
  if (kind == OrderKind::kLift || score.decisions->subject_of(client.kind, client.text)) return {};
  return "decisions.never, a trusted proxy or a verified crawler: this is never the subject of a decision";
}

ApiAnswer decide(const ClientApiContext& context, ClientNames& names, OrderKind kind, const ApiCall& call) {
  const Engine* engine = context.engine.load();
  if (engine == nullptr) return json_answer(kUnavailable, {{"error", "is waiting for a broker"}});
  const auto client = names.find(call.id, engine->observations_partitions());
  if (!client) return refuse_name();
  const auto request = read_order(kind, call.body);
  if (!request) return json_answer(kUnprocessable, {{"error", request.error().detail}});
  if (const std::string objection = objection_to(kind, *client, context.config.score); !objection.empty())
    return json_answer(kUnprocessable, {{"error", objection}});
  ClientOrder order{kind,
                    client->kind,
                    client->text,
                    client->question.hash,
                    request->episode,
                    0,
                    request->reason,
                    call.caller.substr(0, ClientOrder::kCallerBytesMax)};
  if (request->lasts.count() > 0) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    order.from_ms = std::chrono::duration_cast<Milliseconds>(now).count();
    order.until_ms = order.from_ms + request->lasts.count();
    order.action = request->action;
    order.retry_after = request->retry_after;
  }
  const auto at = engine->publish(order, kGroupPatience);
  if (!at) return json_answer(kUnavailable, {{"error", "the order could not be stored: " + at.error().detail}});
  log_order(context, order, *at);
  Json json = {{"decision", std::string(to_string(kind))}};
  json.update(head_json(*client, context.config));
  json["offset"] = at->offset;
  if (kind == OrderKind::kDecide) json["action"] = std::string(to_string(order.action));
  if (kind == OrderKind::kSilence || kind == OrderKind::kDecide)
    json["until"] = request->lasts.count() > 0 ? Json(time_text(order.until_ms)) : Json();
  if (!request->episode.empty()) json["episode_id"] = request->episode;
  return json_answer(kAccepted, json);
}

}  // namespace

std::vector<ApiRoute> client_routes(const ClientApiContext& context) {
  auto names = std::make_shared<ClientNames>(context.config);
  return {{ApiRoute::Method::kGet, "/api/v1/clients/{id}", ApiRoute::Body::kNone,
           [context, names](const ApiCall& call) { return tell_client(context, *names, call); }},
          {ApiRoute::Method::kPost, "/api/v1/clients/{id}/forget", ApiRoute::Body::kJson,
           [context, names](const ApiCall& call) { return decide(context, *names, OrderKind::kForget, call); }},
          {ApiRoute::Method::kPost, "/api/v1/clients/{id}/silence", ApiRoute::Body::kJson,
           [context, names](const ApiCall& call) { return decide(context, *names, OrderKind::kSilence, call); }},
          {ApiRoute::Method::kPost, "/api/v1/clients/{id}/decide", ApiRoute::Body::kJson,
           [context, names](const ApiCall& call) { return decide(context, *names, OrderKind::kDecide, call); }},
          {ApiRoute::Method::kPost, "/api/v1/clients/{id}/lift", ApiRoute::Body::kJson,
           [context, names](const ApiCall& call) { return decide(context, *names, OrderKind::kLift, call); }}};
}

}  // namespace weir
