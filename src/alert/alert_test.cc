#include <rapidjson/document.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "alert/json_writer.h"
#include "alert/ocsf.h"
#include "alert/trim.h"
#include "base/catch.h"

namespace weir {
namespace {

const std::vector<std::string> kTopics{"http.requests", "api.requests"};
const AlertSource kSource{"0.1.0", kTopics};

EventTime at_ms(int64_t ms) {
  return EventTime{Milliseconds{ms}};
}

Evidence sqli_evidence() {
  Evidence evidence;
  evidence.request_id = "r00000007";
  evidence.method = "GET";
  evidence.host = "shop.example.com";
  evidence.path = "/items";
  evidence.scheme = "https";
  evidence.query = "id=7' UNION SELECT login FROM accounts--";
  evidence.referer = "https://shop.example.com/";
  evidence.facts = {200, 5'120, 37, 0, 1, 2};
  evidence.user_agent = "Mozilla/5.0";
  evidence.score = 8;
  evidence.evasions = static_cast<Evasions>(static_cast<Evasions>(Evasion::kDoubleEncoding) |
                                            static_cast<Evasions>(Evasion::kCommentSplitting));
  evidence.hits_total = 2;
  EvidenceHit union_select;
  union_select.rule_id = "weir-sqli-union-select";
  union_select.title = "UNION SELECT in a parameter";
  union_select.category = Category::kSqli;
  union_select.level = Level::kHigh;
  union_select.weight = 5;
  union_select.place = Place::kQuery;
  union_select.parameter = "id";
  union_select.excerpt = "id=7' UNION SELECT login FROM accounts--";
  union_select.steps = static_cast<DecodeSteps>(static_cast<DecodeSteps>(DecodeStep::kPercentTwice) |
                                                static_cast<DecodeSteps>(DecodeStep::kSqlComment));
  EvidenceHit quote = union_select;
  quote.rule_id = "weir-sqli-quote";
  quote.title = "Quote followed by SQL";
  quote.level = Level::kMedium;
  quote.weight = 3;
  evidence.hits = {union_select, quote};
  return evidence;
}

Alert attack_alert() {
  Alert alert;
  alert.id = "0f4f0d1c-9d3c-8a5e-b1f1-6a2f7f2a4c10";
  alert.episode_id = "5f6d8a0e-1b7e-8c1d-9e55-0d4d7b9f3a21";
  alert.kind = AlertKind::kAttack;
  alert.client_kind = ClientKind::kCustomer;
  alert.client = "customer-42";
  alert.address = *IpAddress::parse("192.0.2.7");
  alert.at = {0, 3, 1234567};
  alert.time = alert.first_seen = alert.last_seen = at_ms(1736942400123);
  alert.severity = Level::kHigh;
  alert.categories = mask_of(Category::kSqli);
  alert.evidence = sqli_evidence();
  alert.outcome = alert.record_outcome = Outcome::kAnswered;
  return alert;
}

Alert abuse_alert() {
  Alert alert = attack_alert();
  alert.kind = AlertKind::kAbuse;
  alert.phase = EpisodePhase::kUpdated;
  alert.client_kind = ClientKind::kAddress;
  alert.client = "2001:db8::/64";
  alert.address = *IpAddress::parse("2001:db8::7");
  alert.count = 10;
  alert.last_seen = at_ms(1736942405000);
  alert.severity = Level::kMedium;
  alert.categories = 0;
  alert.evidence.reset();
  alert.verdict = {true,
                   static_cast<AbuseReasons>(AbuseReason::kRapidIpChanges) |
                       static_cast<AbuseReasons>(AbuseReason::kUserAgentRotation),
                   50};
  return alert;
}

Alert correlation_alert() {
  Alert alert = abuse_alert();
  alert.kind = AlertKind::kCorrelation;
  alert.phase = EpisodePhase::kOpened;
  alert.client_kind = ClientKind::kGroup;
  alert.client = "c-ip=2001:db8::/64 cs-host=shop.example.com";
  alert.count = 1;
  alert.verdict = {};
  CorrelationFinding finding;
  finding.rule_id = "0b6dd0a4-5a4e-4f53-9c0a-1df2bb1f2c11";
  finding.title = "Many refused logins";
  finding.type = "event_count";
  finding.tags = {"attack.t1110"};
  finding.group = {{"c-ip", "2001:db8::/64"}, {"cs-host", "shop.example.com"}};
  finding.value = 20;
  finding.timespan = Milliseconds{300'000};
  alert.correlation = finding;
  return alert;
}

Alert burst_alert() {
  Alert alert = abuse_alert();
  alert.kind = AlertKind::kBurst;
  alert.phase = EpisodePhase::kOpened;
  alert.count = 101;
  alert.at = kNoRecord;
  alert.verdict = {};
  alert.burst = {static_cast<BurstReasons>(BurstReason::kRequestRate), 101, Milliseconds{59'001}};
  return alert;
}

Alert closed_burst_alert() {
  Alert alert = burst_alert();
  alert.phase = EpisodePhase::kClosed;
  alert.client_kind = ClientKind::kCustomer;
  alert.client = "customer-17";
  alert.at = {0, 2, 4711};
  alert.count = 34;
  alert.burst = {static_cast<BurstReasons>(BurstReason::kFailedAuthentication), 12, Milliseconds{0}, 12};
  alert.made_of[static_cast<size_t>(ValueKind::kAddress)] = {{"2001:db8::7", 20}, {"192.0.2.9", 3}};
  alert.made_of[static_cast<size_t>(ValueKind::kPath)] = {{"/login", 34}};
  return alert;
}

Alert enriched_alert() {
  Alert alert = attack_alert();
  alert.address = *IpAddress::parse("203.0.113.9");
  alert.context = AddressContext{"NL",
                                 64'496,
                                 "Example Net",
                                 {"blocked"},
                                 {},
                                 "examplebot",
                                 {{"country_database", "Test 2025-01-15T12:00:00.000Z"}, {"blocked", "xxh3:01"}}};
  return alert;
}

Alert closing_alert() {
  Alert alert = attack_alert();
  alert.phase = EpisodePhase::kClosed;
  alert.client_kind = ClientKind::kApiKey;
  alert.client = "sha256:00112233445566778899aabbccddeeff";
  alert.count = 1234;
  alert.last_seen = at_ms(1736942999999);
  alert.evidence.reset();
  alert.outcome = Outcome::kLikelyEffective;
  alert.summary.emplace();
  alert.summary->by_category[static_cast<size_t>(Category::kSqli)] = 1'234;
  alert.summary->by_outcome[static_cast<size_t>(Outcome::kLikelyEffective)] = 34;
  alert.summary->by_outcome[static_cast<size_t>(Outcome::kBlocked)] = 1'200;
  alert.summary->hosts = 8;
  alert.summary->routes = 16;
  alert.summary->beyond = 900;
  alert.further = {sqli_evidence()};
  return alert;
}

rapidjson::Document parse(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

std::string compact(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

}  // namespace

// tests/test_ocsf_schema.py validates the same file against the published schema, so that what is written is valid.
TEST_CASE("alerts of every kind and phase are written as in the golden file", "[alert]") {
  const std::string path = std::string(WEIR_SOURCE_DIR) + "/tests/data/alerts.golden.ndjson";
  std::string written;
  for (const Alert& alert : {attack_alert(), abuse_alert(), closing_alert(), correlation_alert(), burst_alert(),
                             closed_burst_alert(), enriched_alert()})
    written += encode_ocsf(alert, kSource) + "\n";
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << written;
  std::ostringstream golden;
  golden << std::ifstream(path, std::ios::binary).rdbuf();
  CHECK(written == golden.str());
}

TEST_CASE("the message of an attack says what, where, whose and what became of it", "[alert]") {
  Alert alert = attack_alert();
  CHECK(parse(encode_ocsf(alert, kSource))["message"] ==
        "SQL injection in parameter id of GET shop.example.com/items, answered 200; 1 request of customer customer-42");
  alert.client_kind = ClientKind::kAddress;
  alert.client = "203.0.113.9";
  alert.count = 3;
  alert.last_seen = alert.first_seen + Milliseconds{40'500};
  alert.record_outcome = Outcome::kBlocked;
  alert.evidence->facts.status = 403;
  alert.evidence->hits[0].place = Place::kUserAgent;
  CHECK(parse(encode_ocsf(alert, kSource))["message"] ==
        "SQL injection in the user agent of GET shop.example.com/items, blocked with 403; 3 requests of 203.0.113.9 in "
        "40 s");
  CHECK(parse(encode_ocsf(closing_alert(), kSource))["message"] ==
        "SQL injection; 1234 requests of API key sha256:00112233445566778899aabbccddeeff in 9 min, ended; likely "
        "effective: 34");
}

TEST_CASE("every kind of alert names techniques, a remedy and how sure it is", "[alert]") {
  for (const Alert& alert :
       {attack_alert(), abuse_alert(), closing_alert(), correlation_alert(), burst_alert(), closed_burst_alert()}) {
    const auto json = parse(encode_ocsf(alert, kSource));
    CHECK(json["finding_info"]["attacks"].Size() >= 1);
    CHECK(json["remediation"]["desc"].GetStringLength() > 20);
    CHECK(json["confidence_id"].GetInt() >= 1);
  }
  CHECK(parse(encode_ocsf(correlation_alert(), kSource))["finding_info"]["attacks"][0]["technique"]["uid"] == "T1110");
}

TEST_CASE("the abuse verdict stands in unmapped under the required names", "[alert]") {
  const auto json = parse(encode_ocsf(abuse_alert(), kSource));
  const auto& unmapped = json["unmapped"];
  CHECK(unmapped["suspicious"].GetBool());
  CHECK(compact(unmapped["reasons"]) == R"(["rapid_ip_changes","user_agent_rotation"])");
  CHECK(unmapped["risk_score"].GetInt() == 50);
  CHECK_FALSE(parse(encode_ocsf(attack_alert(), kSource))["unmapped"].HasMember("suspicious"));
}

TEST_CASE("a burst of requests says its reason and in how many seconds it may be tried again", "[alert]") {
  const auto json = parse(encode_ocsf(burst_alert(), kSource));
  const auto& unmapped = json["unmapped"];
  CHECK(compact(unmapped["reasons"]) == R"(["request_rate"])");
  CHECK(unmapped["requests"].GetInt() == 101);
  CHECK(unmapped["retry_after"].GetInt() == 60);  // rounded up to a second, as the header of that name
  CHECK(unmapped["weir"]["kind"] == "burst");
  CHECK(json["message"] == "burst by address 2001:db8::/64: 101 or more requests within the window");
  CHECK_FALSE(unmapped["weir"].HasMember("record"));
  Alert updated = burst_alert();
  updated.phase = EpisodePhase::kUpdated;
  updated.count = 1000;
  CHECK(parse(encode_ocsf(updated, kSource))["message"] ==
        "burst by address 2001:db8::/64: 101 or more requests within the window; by now 1000 requests in all");
  const auto closed = parse(encode_ocsf(closed_burst_alert(), kSource));
  CHECK(closed["message"] ==
        "burst against customer customer-17: up to 12 failed authentications within the window; 34 requests in all, "
        "ended");
  CHECK(closed["unmapped"]["weir"]["role"] == "target");  // of guessing, which others do
  CHECK_FALSE(closed["evidences"][0].HasMember("actor"));
  CHECK(closed["unmapped"]["weir"]["record"]["offset"].GetInt() == 4711);
  CHECK_FALSE(closed["unmapped"].HasMember("retry_after"));
}

TEST_CASE("a burst lists what it is made of, and says how many requests have other values", "[alert]") {
  const auto json = parse(encode_ocsf(closed_burst_alert(), kSource));
  const auto& weir = json["unmapped"]["weir"];
  CHECK(
      compact(weir["made_of"]) ==
      R"({"addresses":{"values":[{"value":"2001:db8::7","requests":20},{"value":"192.0.2.9","requests":3}],"others":11},)"
      R"("paths":{"values":[{"value":"/login","requests":34}]}})");
  CHECK(compact(weir["window"]) == R"({"requests":12})");
}

TEST_CASE("what an alert is made of goes before the group when it is too large", "[alert]") {
  Alert alert = closed_burst_alert();
  CHECK(trim(alert));
  CHECK(alert.trimmed == "made_of");
  CHECK_FALSE(trim(alert));
}

TEST_CASE("the remedy is that of the rule that names the alert, if it has one", "[alert]") {
  Alert alert = attack_alert();
  alert.evidence->remediation = "Update the logging library.";
  CHECK(compact(parse(encode_ocsf(alert, kSource))["remediation"]["desc"]) == R"("Update the logging library.")");
}

TEST_CASE("the message of a correlation says what, of which group and how much", "[alert]") {
  Alert alert = correlation_alert();
  alert.count = 1;
  alert.phase = EpisodePhase::kOpened;
  const std::string said = "Many refused logins: c-ip 2001:db8::/64, cs-host shop.example.com; 20 within 5 min";
  CHECK(parse(encode_ocsf(alert, kSource))["message"] == said.c_str());
  alert.count = 7;
  alert.phase = EpisodePhase::kClosed;
  CHECK(parse(encode_ocsf(alert, kSource))["message"] == (said + ", true of 7 requests, ended").c_str());
  // Where each request is one to tell, how many there were says it all.
  alert.correlation->type = "event_count";
  alert.correlation->value = 1;
  alert.last_seen = alert.first_seen + Milliseconds(180'000);
  CHECK(parse(encode_ocsf(alert, kSource))["message"] ==
        "Many refused logins: c-ip 2001:db8::/64, cs-host shop.example.com; 7 requests in 3 min, ended");
  alert.correlation->type = "value_count";
  CHECK(parse(encode_ocsf(alert, kSource))["message"] ==
        "Many refused logins: c-ip 2001:db8::/64, cs-host shop.example.com; 1 within 5 min, true of 7 requests, ended");
}

TEST_CASE("an alert without an address has no endpoint, and one without a record names none", "[alert]") {
  Alert alert = closed_burst_alert();
  alert.burst.reasons = static_cast<BurstReasons>(BurstReason::kEnumeration);
  alert.address = {};
  alert.at = kNoRecord;
  const auto json = parse(encode_ocsf(alert, kSource));
  CHECK_FALSE(json["evidences"][0].HasMember("src_endpoint"));
  CHECK(json["evidences"][0]["actor"]["user"]["uid"] == "customer-17");
  CHECK(json["observables"].Size() == 1);
  CHECK(cloud_event_headers(alert, kSource)[1].second == "/weir");
}

TEST_CASE("severity and activity follow level and phase", "[alert]") {
  const std::vector<std::pair<Level, int>> levels{
      {Level::kInformational, 1}, {Level::kLow, 2}, {Level::kMedium, 3}, {Level::kHigh, 4}, {Level::kCritical, 5}};
  for (const auto& [level, id] : levels) {
    Alert alert = attack_alert();
    alert.severity = level;
    CHECK(parse(encode_ocsf(alert, kSource))["severity_id"].GetInt() == id);
  }
  const std::vector<std::pair<EpisodePhase, int>> phases{
      {EpisodePhase::kOpened, 1}, {EpisodePhase::kUpdated, 2}, {EpisodePhase::kClosed, 3}};
  for (const auto& [phase, activity] : phases) {
    Alert alert = attack_alert();
    alert.phase = phase;
    const auto json = parse(encode_ocsf(alert, kSource));
    CHECK(json["activity_id"].GetInt() == activity);
    CHECK(json["type_uid"].GetInt() == 200400 + activity);
  }
}

TEST_CASE("an alert names the source of its record where topics have sources with names", "[alert]") {
  const std::vector<std::string> names{"http.requests"};
  const AlertSource source{"0.1.0", TopicTable(names, {"shop"}, [](std::string_view) { return TopicClaim{0, {}}; })};
  const auto json = parse(encode_ocsf(attack_alert(), source));
  CHECK(compact(json["unmapped"]["weir"]["record"]) ==
        R"({"topic":"http.requests","source":"shop","partition":3,"offset":1234567})");
}

TEST_CASE("an alert names the record, the decode steps and the evasions", "[alert]") {
  const auto json = parse(encode_ocsf(attack_alert(), kSource));
  const auto& weir = json["unmapped"]["weir"];
  CHECK(compact(weir["record"]) == R"({"topic":"http.requests","partition":3,"offset":1234567})");
  CHECK(weir["decode_steps"].Size() == 2);
  CHECK(weir["evasions"].Size() == 2);
  CHECK(compact(weir["categories"]) == R"(["sqli"])");
  CHECK(std::string(json["metadata"]["uid"].GetString()) == attack_alert().id);
  CHECK(std::string(json["finding_info"]["uid"].GetString()) == attack_alert().episode_id);
}

TEST_CASE("a method outside the schema's list is not put where the schema would refuse it", "[alert]") {
  Alert alert = attack_alert();
  alert.evidence->method = "PATCH";
  const auto json = parse(encode_ocsf(alert, kSource));
  CHECK_FALSE(json["evidences"][0]["http_request"].HasMember("http_method"));
  CHECK(std::string(json["unmapped"]["weir"]["method"].GetString()) == "PATCH");
}

TEST_CASE("bytes that are no UTF-8 are replaced, and the JSON stays valid", "[alert]") {
  Alert alert = attack_alert();
  alert.client = "c\xff\xfe";
  alert.evidence->path = std::string("/\xc3(\0\x1f\"\\", 7) + "\xed\xa0\x80\xf0\x9f\x92\xa9";
  const auto json = parse(encode_ocsf(alert, kSource));
  CHECK(std::string(json["unmapped"]["weir"]["client"].GetString()) == "c\xef\xbf\xbd\xef\xbf\xbd");
  const auto& path = json["evidences"][0]["http_request"]["url"]["path"];
  const std::string expected =
      std::string("/\xef\xbf\xbd(\0\x1f\"\\", 9) + "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x92\xa9";
  CHECK(std::string(path.GetString(), path.GetStringLength()) == expected);
}

TEST_CASE("any bytes in any text give valid JSON", "[alert]") {
  uint32_t state = 1;
  for (int round = 0; round < 300; ++round) {
    std::string noise;
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525U + 1013904223U;
      noise += static_cast<char>(state >> 24);
    }
    Alert alert = attack_alert();
    alert.client = alert.evidence->host = alert.evidence->path = alert.evidence->user_agent = noise;
    alert.evidence->hits[0].excerpt = alert.evidence->hits[0].parameter = alert.evidence->hits[0].title = noise;
    parse(encode_ocsf(alert, kSource));
  }
}

TEST_CASE("an alert without anything optional is written without empty members", "[alert]") {
  const auto json = parse(encode_ocsf(Alert{}, AlertSource{}));
  CHECK_FALSE(json["evidences"][0].HasMember("http_request"));
  CHECK_FALSE(json["unmapped"]["weir"]["record"].HasMember("topic"));
}

TEST_CASE("the message carries the CloudEvents attributes of binary mode", "[alert]") {
  const auto headers = cloud_event_headers(abuse_alert(), kSource);
  const std::vector<std::pair<std::string, std::string>> expected{{"ce_id", "0f4f0d1c-9d3c-8a5e-b1f1-6a2f7f2a4c10"},
                                                                  {"ce_source", "/weir/http.requests/3"},
                                                                  {"ce_type", "weir.abuse.updated"},
                                                                  {"ce_specversion", "1.0"},
                                                                  {"ce_time", "2025-01-15T12:00:00.123Z"},
                                                                  {"content-type", "application/json"}};
  CHECK(headers == expected);
}

}  // namespace weir
