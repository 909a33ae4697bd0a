#include "app/decisions/decision_board.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/decisions/bouncer_api.h"
#include "app/decisions/export_format.h"
#include "app/decisions/stored_decision.h"
#include "base/catch.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr int64_t kNow = 1'900'000'000'000;

int64_t wall_ms() {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

Decision decision(const std::string& client, const std::string& subject, DecisionAction action, int64_t until_ms) {
  Decision made;
  made.id = "0123456789ab-" + client;
  made.client = client;
  made.subject = subject;
  made.action = action;
  made.rule = "scans";
  made.reason = "burst scanning, high";
  made.alert_id = "a1";
  made.from_ms = kNow;
  made.until_ms = until_ms;
  made.retry_after = Milliseconds{5'000};
  return made;
}

void put(DecisionBoard& board, const Decision& made) {
  REQUIRE(board.take(decision_key(made), decision_value(made)) == DecisionBoard::Taken::kYes);
}
void end(DecisionBoard& board, const Decision& made) {
  REQUIRE(board.take(decision_key(made), "") == DecisionBoard::Taken::kYes);
}

std::string text_of(const DecisionBoard::Changes& changes) {
  std::string text;
  for (const auto& ended : changes.ended)
    text += "-" + ended.value + " " + std::string(to_string(ended.action)) + "; ";
  for (const Decision* added : changes.added)
    text += "+" + added->subject + " " + std::string(to_string(added->action)) + "; ";
  return text;
}

/// Calls a route as a bouncer does.
Json call(BouncerApi& api, const std::string& path, std::string_view query, std::string_view caller = "fw",
          int status = 200) {
  for (const ApiRoute& route : api.routes()) {
    if (route.path != path) continue;
    const ApiAnswer answer =
        route.answer({.caller = caller, .id = {}, .body = {}, .query = query, .remote_address = "127.0.0.1"});
    INFO(answer.body);
    REQUIRE(answer.status == status);
    return Json::parse(answer.body);
  }
  FAIL("no route " << path);
  return {};
}

void put(BouncerApi& api, const Decision& made) {
  REQUIRE(api.take(decision_key(made), decision_value(made)) == DecisionBoard::Taken::kYes);
}

std::vector<std::string> values_of(const Json& list) {
  std::vector<std::string> values;
  for (const Json& item : list)
    values.push_back(item["value"].get<std::string>() + " " + item["type"].get<std::string>());
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("a decision is read as it was written", "[decisions]") {
  Decision made = decision("198.51.100.7", "198.51.100.0/24", DecisionAction::kThrottle, kNow + 1);
  made.caller = "ops";
  made.times = 3;
  const auto read = parse_decision(decision_value(made));
  REQUIRE(read);
  CHECK(*read == made);
  CHECK(scope_of(*read) == "range");
  CHECK(origin_of(*read) == "manual");
  for (const std::string_view wrong : {"", "{}", "[]", "null", "{\"version\":2}", "x"})
    CHECK_FALSE(parse_decision(wrong));
  Json json = Json::parse(decision_value(made));
  json.erase("simulate");
  CHECK(parse_decision(json.dump())->is_simulated);
  json["until"] = "tomorrow";
  CHECK_FALSE(parse_decision(json.dump()));
}

TEST_CASE("of decisions about one network the strictest holds, and it ends with the last", "[decisions]") {
  DecisionBoard board;
  const Decision throttle = decision("192.0.2.1", "192.0.2.0/24", DecisionAction::kThrottle, kNow + 9'000);
  const Decision ban = decision("192.0.2.2", "192.0.2.0/24", DecisionAction::kBan, kNow + 1'000);
  put(board, throttle);
  put(board, ban);
  CHECK(board.size() == 2);
  CHECK(board.enforced_count() == 1);
  CHECK(board.enforced("range", "192.0.2.0/24")->action == DecisionAction::kBan);
  board.expire(EventTime(Milliseconds(kNow + 1'000)));
  CHECK(board.enforced("range", "192.0.2.0/24")->action == DecisionAction::kThrottle);
  end(board, throttle);
  CHECK(board.enforced("range", "192.0.2.0/24") == nullptr);
  CHECK(board.size() == 0);
  CHECK(board.enforced_count() == 0);
  end(board, throttle);  // once more: nothing
}

TEST_CASE("readers are told what changed since their place, ends first", "[decisions]") {
  DecisionBoard board;
  const Decision a = decision("192.0.2.1", "192.0.2.1", DecisionAction::kBan, kNow + 1'000);
  const Decision b = decision("192.0.2.2", "192.0.2.2", DecisionAction::kCaptcha, kNow + 2'000);
  put(board, a);
  const uint64_t after_a = board.place();
  CHECK(text_of(board.changes_since(std::nullopt)) == "+192.0.2.1 ban; ");
  put(board, b);
  CHECK(text_of(board.changes_since(after_a)) == "+192.0.2.2 captcha; ");
  const uint64_t after_b = board.place();
  put(board, b);  // once more: nothing new
  CHECK(text_of(board.changes_since(after_b)).empty());
  Decision longer = b;
  longer.until_ms += 5'000;
  put(board, longer);
  CHECK(text_of(board.changes_since(after_b)) == "-192.0.2.2 captcha; +192.0.2.2 captcha; ");
  longer.action = DecisionAction::kBan;
  put(board, longer);
  CHECK(text_of(board.changes_since(after_b)) == "-192.0.2.2 captcha; +192.0.2.2 ban; ");
  end(board, a);
  board.expire(EventTime(Milliseconds(kNow + 10'000)));
  CHECK(text_of(board.changes_since(after_b)) == "-192.0.2.1 ban; -192.0.2.2 captcha; -192.0.2.2 ban; ");
  CHECK(text_of(board.changes_since(board.place() + 7)) == text_of(board.changes_since(std::nullopt)));
}

TEST_CASE("simulated decisions are shown and never enforced", "[decisions]") {
  DecisionBoard board;
  Decision made = decision("192.0.2.1", "192.0.2.1", DecisionAction::kBan, kNow + 1'000);
  made.is_simulated = true;
  put(board, made);
  CHECK(board.size() == 1);
  CHECK(board.enforced_count() == 0);
  CHECK(text_of(board.changes_since(std::nullopt)).empty());
  CHECK(exported(board, ExportFormat::kPlain, ~0U).empty());
  CHECK(board.take("address:192.0.2.9", decision_value(made)) == DecisionBoard::Taken::kUnreadable);
  CHECK(board.take(decision_key(made), "{}") == DecisionBoard::Taken::kUnreadable);
}

TEST_CASE("what ended is remembered within bounds, and who was away longer gets all anew", "[decisions]") {
  DecisionBoard board;
  const Decision first = decision("first", "198.51.100.1", DecisionAction::kBan, kNow + 1'000);
  put(board, first);
  const uint64_t early = board.place();
  end(board, first);
  for (size_t i = 0; i < DecisionBoard::kEndedMax; ++i) {
    const std::string address =
        "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    const Decision made = decision(address, address, DecisionAction::kBan, kNow + 1'000);
    put(board, made);
    end(board, made);
  }
  CHECK(board.changes_since(board.place() - 10).ended.size() <= 10);
  CHECK(board.changes_since(early).ended.size() == DecisionBoard::kEndedMax);
}

TEST_CASE("each format has its lines, sorted, of bans alone unless asked", "[decisions]") {
  DecisionBoard board;
  put(board, decision("198.51.100.7", "198.51.100.7", DecisionAction::kBan, kNow + 1'000));
  put(board, decision("192.0.2.1", "192.0.2.0/24", DecisionAction::kBan, kNow + 1'000));
  put(board, decision("2001:db8:0:7::/64", "2001:db8:0:7::/64", DecisionAction::kBan, kNow + 1'000));
  put(board, decision("203.0.113.5", "203.0.113.5", DecisionAction::kCaptcha, kNow + 1'000));
  Decision of_key = decision("ab12", "ab12", DecisionAction::kBan, kNow + 1'000);
  of_key.client_kind = ClientKind::kApiKey;
  put(board, of_key);
  put(board, decision("evil", "10.0.0.1; include /etc/passwd", DecisionAction::kBan, kNow + 1'000));
  const unsigned bans = 1U << static_cast<unsigned>(DecisionAction::kBan);
  CHECK(exported(board, ExportFormat::kPlain, bans) == "198.51.100.7\n192.0.2.0/24\n2001:db8:0:7::/64\n");
  CHECK(exported(board, ExportFormat::kNginxDeny, bans) ==
        "deny 198.51.100.7;\ndeny 192.0.2.0/24;\ndeny 2001:db8:0:7::/64;\n");
  CHECK(exported(board, ExportFormat::kNginxGeo, ~0U) ==
        "198.51.100.7 ban;\n203.0.113.5 captcha;\n192.0.2.0/24 ban;\n2001:db8:0:7::/64 ban;\n");
  CHECK(exported(board, ExportFormat::kHaproxyMap, bans) ==
        "198.51.100.7 ban\n192.0.2.0/24 ban\n2001:db8:0:7::/64 ban\n");
  const Json envoy = Json::parse(exported(board, ExportFormat::kEnvoy, bans));
  REQUIRE(envoy.size() == 3);
  CHECK(envoy[0]["remote_ip"]["address_prefix"] == "198.51.100.7");
  CHECK(envoy[0]["remote_ip"]["prefix_len"] == 32);
  CHECK(envoy[2]["remote_ip"]["prefix_len"] == 64);
  CHECK(Json::parse(exported(DecisionBoard(), ExportFormat::kEnvoy, bans)).empty());
}

TEST_CASE("a file is replaced as a whole and keeps its permissions", "[decisions]") {
  const auto folder = std::filesystem::temp_directory_path() / ("weir-decisions-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string path = (folder / "deny.conf").string();
  REQUIRE(replace_file(path, "one\n"));
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_read) !=
        std::filesystem::perms::none);
  ::chmod(path.c_str(), 0640);
  std::ifstream held(path);
  REQUIRE(replace_file(path, "two\n"));
  std::stringstream old_content, new_content;
  old_content << held.rdbuf();
  new_content << std::ifstream(path).rdbuf();
  CHECK(old_content.str() == "one\n");
  CHECK(new_content.str() == "two\n");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        static_cast<std::filesystem::perms>(0640));
  CHECK(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1);
  CHECK_FALSE(replace_file((folder / "no" / "such").string(), "x"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("bouncers ask for decisions about an address, its networks included", "[decisions]") {
  BouncerApi api;
  CHECK(call(api, "/v1/decisions", "", "fw", 503).contains("message"));
  api.set_loaded();
  const int64_t until = wall_ms() + 3'600'000;
  put(api, decision("198.51.100.7", "198.51.100.7", DecisionAction::kBan, until));
  put(api, decision("192.0.2.1", "192.0.2.0/24", DecisionAction::kCaptcha, until));
  put(api, decision("2001:db8:0:7::/64", "2001:db8:0:7::/64", DecisionAction::kBan, until));
  put(api, decision("203.0.113.5", "203.0.113.5", DecisionAction::kBan, wall_ms() - 1));
  CHECK(call(api, "/v1/decisions", "").size() == 3);
  const Json one = call(api, "/v1/decisions", "ip=198.51.100.7");
  REQUIRE(one.size() == 1);
  CHECK(one[0]["scope"] == "Ip");
  CHECK(one[0]["type"] == "ban");
  CHECK(one[0]["origin"] == "weir");
  CHECK(one[0]["scenario"] == "weir/scans");
  CHECK(one[0]["id"].get<int64_t>() > 0);
  const std::string duration = one[0]["duration"];
  CHECK(duration.back() == 's');
  CHECK(std::stod(duration) > 3'500);
  CHECK(std::stod(duration) <= 3'600);
  CHECK(values_of(call(api, "/v1/decisions", "ip=192.0.2.200")) == std::vector<std::string>{"192.0.2.0/24 captcha"});
  CHECK(call(api, "/v1/decisions", "ip=2001:db8:0:7::99").size() == 1);
  CHECK(call(api, "/v1/decisions", "ip=203.0.113.5").is_null());  // is over
  CHECK(call(api, "/v1/decisions", "range=192.0.2.0/24").size() == 1);
  CHECK(call(api, "/v1/decisions", "scope=range&type=ban").size() == 1);
  CHECK(call(api, "/v1/decisions", "origins=crowdsec").is_null());
  CHECK(call(api, "/v1/decisions", "scenarios_containing=scan,other").size() == 3);
  CHECK(call(api, "/v1/decisions", "scenarios_not_containing=scan").is_null());
  for (const std::string_view hostile : {"ip=1", "ip=1.2.3.4/8", "range=x", "ip=%00", "ip=1.2.3.4&ip=1.2.3.5", "%"})
    CHECK(call(api, "/v1/decisions", hostile, "fw", 400).contains("message"));
}

TEST_CASE("each bouncer has its own place in the stream", "[decisions]") {
  BouncerApi api;
  api.set_loaded();
  const int64_t until = wall_ms() + 3'600'000;
  const Decision a = decision("192.0.2.1", "192.0.2.1", DecisionAction::kBan, until);
  put(api, a);
  const auto stream = [&](std::string_view query, std::string_view caller) {
    return call(api, "/v1/decisions/stream", query, caller);
  };
  CHECK(values_of(stream("startup=true", "one")["new"]) == std::vector<std::string>{"192.0.2.1 ban"});
  CHECK(stream("startup=false", "one")["new"].empty());
  const Decision b = decision("192.0.2.2", "192.0.2.2", DecisionAction::kBan, until);
  put(api, b);
  CHECK(values_of(stream("startup=false", "one")["new"]) == std::vector<std::string>{"192.0.2.2 ban"});
  CHECK(values_of(stream("", "two")["new"]).size() == 2);  // not known: all of it
  api.take(decision_key(a), "");
  const Json ended = stream("startup=false", "one");
  CHECK(values_of(ended["deleted"]) == std::vector<std::string>{"192.0.2.1 ban"});
  CHECK(ended["deleted"][0]["duration"] == "-1s");
  CHECK(values_of(stream("startup=true", "one")["new"]) == std::vector<std::string>{"192.0.2.2 ban"});
  CHECK(stream("startup=true&scopes=range", "one")["new"].empty());
  CHECK(stream("startup=true&origins=CAPI,lists", "one")["new"].empty());
  Decision of_key = decision("ab12", "ab12", DecisionAction::kBan, until);
  of_key.client_kind = ClientKind::kApiKey;
  put(api, of_key);
  CHECK(stream("startup=true", "one")["new"].size() == 1);
  CHECK(stream("startup=true&scopes=Ip,api_key", "one")["new"].size() == 2);
  CHECK(call(api, "/v1/decisions/stream", "startup=maybe", "one", 400)["message"] == "startup is true or false");
  CHECK(call(api, "/v1/openapi.json", "")["paths"].contains("/v1/decisions/stream"));
  const std::string metrics = api.metrics();
  CHECK(metrics.find("weir_decisions_served 2\n") != std::string::npos);
  CHECK(metrics.find("weir_decisions_bouncers 2\n") != std::string::npos);
}

}  // namespace weir
