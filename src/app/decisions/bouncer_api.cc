#include "app/decisions/bouncer_api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/decisions/bouncer_openapi.h"
#include "app/decisions/stored_decision.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "base/ip_address.h"
#include "http/query.h"
#include "lane/wall_clock.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBadRequest = 400, kUnavailable = 503;
constexpr size_t kListedMax = 64;  // values of one parameter

/// As bouncers write scopes.
std::string_view scope_name(std::string_view scope) {
  if (scope == "ip") return "Ip";
  if (scope == "range") return "Range";
  return scope;
}

ApiAnswer refusal(int status, const std::string& why) {
  return {status, Json{{"message", why}}.dump()};
}

/// "3599.500s", as Go reads it.
std::string duration_text(int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03llds", static_cast<long long>(ms / 1'000),
                static_cast<long long>(ms % 1'000));
  return text;
}

/// A number for those who want one: of the id's first 52 bits.
int64_t number_of(const Decision& decision) {
  int64_t number = 0;
  int digits = 13;
  for (const char c : decision.id) {
    const int value = hex_value(c);
    if (value < 0) continue;
    number = number << 4 | value;
    if (--digits == 0) break;
  }
  return number;
}

std::string scenario_of(const Decision& decision) {
  return decision.rule.empty() ? "manual" : "weir/" + decision.rule;
}

Json json_of(const Decision& decision, EventTime at) {
  const int64_t left_ms = decision.until_ms - at.time_since_epoch().count();
  Json json{{"id", number_of(decision)},
            {"uuid", decision.id},
            {"origin", std::string(origin_of(decision))},
            {"scenario", scenario_of(decision)},
            {"scope", std::string(scope_name(scope_of(decision)))},
            {"type", std::string(to_string(decision.action))},
            {"value", decision.subject},
            {"duration", duration_text(std::max<int64_t>(left_ms, 0))},
            {"until", format_rfc3339(EventTime(Milliseconds(decision.until_ms)))}};
  if (decision.retry_after.count() > 0) json["retry_after"] = decision.retry_after.count() / 1'000;
  return json;
}

Json json_of(const DecisionBoard::Ended& ended) {
  return {{"id", 0},
          {"origin", "weir"},
          {"scenario", "ended"},
          {"scope", std::string(scope_name(ended.scope))},
          {"type", std::string(to_string(ended.action))},
          {"value", ended.value},
          {"duration", "-1s"}};
}

/// "a,b" in lower case.
std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(lower_case(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return items;
}

bool is_among(const std::vector<std::string>& list, std::string_view item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

std::string network_text(const IpAddress& address, unsigned prefix) {
  std::array<uint8_t, 16> bytes = address.bytes();
  const unsigned before = address.is_v4() ? 96 : 0;
  for (unsigned bit = before + prefix; bit < 128; ++bit)
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  return IpAddress::from_bytes(bytes).to_string() + "/" + std::to_string(prefix);
}

}  // namespace

struct BouncerApi::Filter {
  std::vector<std::string> scopes, origins, types, scenarios, other_scenarios;
  std::optional<IpAddress> ip;
  std::optional<std::string> value;  // exactly this
  bool is_startup = false;

  /// What is wrong with the query; empty: nothing.
  std::string read(std::string_view query);
  [[nodiscard]] bool takes(const Decision& decision) const {
    const std::string scenario = lower_case(scenario_of(decision));
    const auto holds = [&](const std::string& part) { return scenario.find(part) != std::string::npos; };
    return is_among(scopes, scope_of(decision)) && is_among(origins, origin_of(decision)) &&
           is_among(types, to_string(decision.action)) && (!value || decision.subject == *value) &&
           (scenarios.empty() || std::any_of(scenarios.begin(), scenarios.end(), holds)) &&
           std::none_of(other_scenarios.begin(), other_scenarios.end(), holds);
  }
  [[nodiscard]] bool takes(const DecisionBoard::Ended& ended) const {
    return is_among(scopes, ended.scope) && is_among(types, to_string(ended.action));
  }
};

/// Parameters that only ask for more than there is (simulated decisions, those of a community) are passed over.
std::string BouncerApi::Filter::read(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return "the query cannot be read: each parameter once, percent-encoded UTF-8, 32 at most";
  const std::pair<std::string_view, std::vector<std::string>*> lists[] = {
      {"scopes", &scopes},
      {"scope", &scopes},
      {"origins", &origins},
      {"type", &types},
      {"types", &types},
      {"scenarios_containing", &scenarios},
      {"scenarios_not_containing", &other_scenarios}};
  for (const auto& [name, text] : *parameters) {
    for (const auto& [key, list] : lists)
      if (key == name) *list = list_of(text);
    if (name == "startup") {
      if (text != "true" && text != "false") return "startup is true or false";
      is_startup = text == "true";
    } else if (name == "ip") {
      ip = IpAddress::parse(text);
      if (!ip) return "ip is no address";
    } else if (name == "range") {
      if (!Cidr::parse(text) || text.find('/') == std::string::npos) return "range is no network";
      value = text;
    } else if (name == "value") {
      value = text;
    }
  }
  for (const auto& [key, list] : lists)
    if (list->size() > kListedMax) return std::string(key) + " names more than 64";
  return {};
}

DecisionBoard::Taken BouncerApi::take(std::string_view key, std::string_view value) {
  const std::lock_guard lock(mutex_);
  const auto taken = board_.take(key, value);
  if (taken != DecisionBoard::Taken::kYes) ++refused_;
  return taken;
}

std::vector<ApiRoute> BouncerApi::routes() {
  const auto route = [](std::string path, std::function<ApiAnswer(const ApiCall&)> answer) {
    return ApiRoute{ApiRoute::Method::kGet, std::move(path), ApiRoute::Body::kNone, std::move(answer),
                    ApiRoute::Query::kTaken};
  };
  return {route("/v1/decisions", [this](const ApiCall& call) { return answer_decisions(call); }),
          {ApiRoute::Method::kGet, "/v1/openapi.json", ApiRoute::Body::kNone,
           [](const ApiCall&) {
             return ApiAnswer{200, bouncer_openapi_document()};
           }},
          route("/v1/decisions/stream", [this](const ApiCall& call) { return answer_stream(call); })};
}

/// Of an address those that act on it alone and on the networks around it.
std::vector<const Decision*> BouncerApi::chosen(const Filter& filter) const {
  std::vector<const Decision*> found;
  const auto add = [&](const Decision* decision) {
    if (decision != nullptr && filter.takes(*decision)) found.push_back(decision);
  };
  if (!filter.ip) {
    board_.each_enforced([&](const Decision& decision) { add(&decision); });
    return found;
  }
  add(board_.enforced("ip", filter.ip->to_string()));
  for (unsigned prefix = filter.ip->is_v4() ? 32 : 128; prefix > 0; --prefix)
    add(board_.enforced("range", network_text(*filter.ip, prefix)));
  return found;
}

ApiAnswer BouncerApi::answer_decisions(const ApiCall& call) {
  Filter filter;
  if (const std::string wrong = filter.read(call.query); !wrong.empty()) return refusal(kBadRequest, wrong);
  if (!is_loaded_) return refusal(kUnavailable, "the decisions are still being read");
  const EventTime at = wall_clock();
  const std::lock_guard lock(mutex_);
  board_.expire(at);
  Json list = Json::array();
  for (const Decision* decision : chosen(filter))
    list.push_back(json_of(*decision, at));
  // No decision is null in this protocol.
  return {200, list.empty() ? "null" : list.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

BouncerApi::Bouncer& BouncerApi::bouncer_of(const ApiCall& call, bool& is_new) {
  const std::string name = std::string(call.caller) + "@" + std::string(call.remote_address);
  auto found = bouncers_.find(name);
  is_new = found == bouncers_.end();
  if (is_new) {
    if (bouncers_.size() >= kBouncersMax) {
      bouncers_.erase(std::min_element(bouncers_.begin(), bouncers_.end(),
                                       [](const auto& a, const auto& b) { return a.second.turn < b.second.turn; }));
    }
    found = bouncers_.emplace(name, Bouncer{}).first;
  }
  found->second.turn = ++turns_;
  return found->second;
}

ApiAnswer BouncerApi::answer_stream(const ApiCall& call) {
  Filter filter;
  if (const std::string wrong = filter.read(call.query); !wrong.empty()) return refusal(kBadRequest, wrong);
  if (!is_loaded_) return refusal(kUnavailable, "the decisions are still being read");
  if (filter.scopes.empty()) filter.scopes = {"ip", "range"};  // as bouncers expect that ask for none
  const EventTime at = wall_clock();
  const std::lock_guard lock(mutex_);
  board_.expire(at);
  bool is_new = false;
  Bouncer& bouncer = bouncer_of(call, is_new);
  const bool wants_all = filter.is_startup || is_new;
  const auto changes = board_.changes_since(wants_all ? std::nullopt : std::optional(bouncer.place));
  Json added = Json::array(), ended = Json::array();
  for (const Decision* decision : changes.added)
    if (filter.takes(*decision)) added.push_back(json_of(*decision, at));
  for (const DecisionBoard::Ended& change : changes.ended)
    if (filter.takes(change)) ended.push_back(json_of(change));
  bouncer.place = board_.place();
  told_ += added.size();
  ended_told_ += ended.size();
  const Json answer{{"new", std::move(added)}, {"deleted", std::move(ended)}};
  return {200, answer.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

void BouncerApi::note_behind(uint64_t records, EventTime at) {
  const std::lock_guard lock(mutex_);
  behind_ = records;
  asked_ = at;
}

void BouncerApi::note_answer(int status) {
  const std::lock_guard lock(mutex_);
  ++answers_[answers_.contains(status) ? status : 0];
}

std::string BouncerApi::metrics() {
  const std::lock_guard lock(mutex_);
  board_.expire(wall_clock());
  const auto head = [](const std::string& name, std::string_view type, std::string_view help) {
    return "# HELP " + name + " " + std::string(help) + "\n# TYPE " + name + " " + std::string(type) + "\n";
  };
  const auto family = [&](const std::string& name, std::string_view type, std::string_view help, uint64_t value) {
    return head(name, type, help) + name + " " + std::to_string(value) + "\n";
  };
  std::string answers = head("weir_decisions_requests_total", "counter", "Requests by the status of their answer.");
  for (const auto& [status, count] : answers_) {
    answers += "weir_decisions_requests_total{code=\"" + (status == 0 ? std::string("other") : std::to_string(status)) +
               "\"} " + std::to_string(count) + "\n";
  }
  const auto asked_s = static_cast<uint64_t>(asked_.time_since_epoch().count() / 1'000);
  return family("weir_decisions_ready", "gauge", "1 when the topic was read and bouncers get answers.",
                is_loaded_ ? 1 : 0) +
         family("weir_decisions_behind_records", "gauge",
                "Records of the topic that are not taken in yet, as the brokers last said.", behind_) +
         family("weir_decisions_asked_timestamp_seconds", "gauge",
                "When the brokers last said how far it is behind, seconds since the epoch; 0: not yet.", asked_s) +
         answers +
         family("weir_decisions_served", "gauge", "Decisions that are told to bouncers.", board_.enforced_count()) +
         family("weir_decisions_known", "gauge", "Decisions of the topic that are in force, simulated ones too.",
                board_.size()) +
         family("weir_decisions_bouncers", "gauge", "Bouncers whose place in the stream is known.", bouncers_.size()) +
         family("weir_decisions_told_total", "counter", "Decisions told in streams.", told_) +
         family("weir_decisions_ended_told_total", "counter", "Ends of decisions told in streams.", ended_told_) +
         family("weir_decisions_refused_total", "counter",
                "Records of the topic that were no decisions, or for which there was no room.", refused_);
}

}  // namespace weir
