#include "pipeline/analyzer.h"

#include <map>
#include <string>

#include "base/catch.h"
#include "rules/loader.h"
#include "score/scorer.h"

namespace weir {
namespace {

constexpr const char* kRules = R"(
title: A tautology after a quote
id: 11111111-1111-4111-8111-111111111111
status: test
description: For these tests.
logsource: {category: webserver}
detection:
  selection:
    weir.param|contains: "' or 1=1"
  condition: selection
level: high
weir:
  category: sqli
  weight: 12
---
title: A bot
id: 22222222-2222-4222-8222-222222222222
status: test
description: For these tests.
tags: [weir.bot]
logsource: {category: webserver}
detection:
  selection:
    weir.user_agent|contains: "testbot/"
  condition: selection
level: informational
weir:
  category: other
  weight: 0
)";

std::shared_ptr<const RuleSet> compile(const char* yaml) {
  Diagnostics diagnostics;
  const auto rules = parse_rules(yaml, "test.yml", diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE_FALSE(has_errors(diagnostics));
  auto compiled = RuleSet::compile(rules, {}, diagnostics);
  REQUIRE(compiled);
  return *compiled;
}

struct Fixture {
  Fixture() : slot(compile(kRules)), analyzer(options(), slot, counters) {}

  static AnalyzerOptions options() {
    AnalyzerOptions options;
    options.input.profile = *InputProfile::built_in("flat");
    options.keep_verdicts = true;
    options.hash_key = siphash_key_from("test");
    return options;
  }

  void analyze(std::vector<std::string> payloads, EventTime append_time = EventTime::max()) {
    texts = std::move(payloads);
    records.clear();
    for (size_t i = 0; i < texts.size(); ++i)
      records.push_back({texts[i], append_time, {0, 3, static_cast<int64_t>(100 + i)}});
    REQUIRE(analyzer.analyze(records, batch));
  }

  DetectCounters counters;
  RuleSlot slot;
  Analyzer analyzer;
  std::vector<std::string> texts;
  std::vector<RawRecord> records;
  AnalyzedBatch batch;
};

std::string record(const std::string& query, const std::string& more = "") {
  return R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.7","method":"GET","path":"/a","request_id":"r1","query":")" +
         query + "\"" + more + "}";
}

}  // namespace

TEST_CASE("every record of a batch is either observed or rejected, in order", "[analyzer]") {
  Fixture fixture;
  std::vector<std::string> payloads;
  for (int i = 0; i < 40; ++i)
    payloads.push_back(i % 3 == 2 ? "{\"broken" : record("n=" + std::to_string(i)));
  fixture.analyze(payloads);
  CHECK(fixture.batch.observations.size() == 27);
  CHECK(fixture.batch.rejected.size() == 13);
  CHECK(fixture.batch.rejected[1].index == 5);
  CHECK(fixture.batch.rejected[1].reason == RejectReason::kMissingField);
  CHECK(fixture.batch.observations[2].at.offset == 103);
  CHECK(fixture.counters.records.value() == 40);
  CHECK(fixture.counters.rejected[static_cast<size_t>(RejectReason::kMissingField)].value() == 13);
}

TEST_CASE("each request of a record has coordinates of its own, across groups", "[analyzer]") {
  Fixture fixture;
  std::string list = "[";
  for (int i = 0; i < 40; ++i)
    list += (i > 0 ? "," : "") + (i == 7 ? std::string("7") : record("n=" + std::to_string(i)));
  fixture.analyze({record("a=1"), list + "]", record("b=1")});
  REQUIRE(fixture.batch.observations.size() == 41);
  CHECK(fixture.batch.observations[0].at == RecordCoordinates{0, 3, 100, 0});
  for (uint32_t i = 0; i < 39; ++i) {
    CHECK(fixture.batch.observations[1 + i].at == RecordCoordinates{0, 3, 101, i});
    CHECK(fixture.batch.verdicts[1 + i].index == 1);
  }
  CHECK(fixture.batch.observations[40].at == RecordCoordinates{0, 3, 102, 0});
  REQUIRE(fixture.batch.rejected.size() == 1);
  CHECK(fixture.batch.rejected[0].index == 1);
  CHECK(fixture.counters.records.value() == 3);
  CHECK(fixture.counters.requests.value() == 41);
  CHECK(fixture.counters.fields_read[kFieldQuery].value() == 41);
}

TEST_CASE("a request without a time has the one of the request before, in a file", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("a=1"), R"({"ip":"192.0.2.7","method":"GET","path":"/a"})"});
  REQUIRE(fixture.batch.observations.size() == 2);
  CHECK(fixture.batch.observations[1].time == fixture.batch.observations[0].time);
  CHECK(fixture.counters.without_time.value() == 1);
}

TEST_CASE("a malicious record carries masked evidence that names rule, place and decoding", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("id=1%27%20OR%201=1--"), record("id=1")});
  REQUIRE(fixture.batch.observations.size() == 2);
  REQUIRE(fixture.batch.observations[0].evidence);
  const Evidence evidence = unpack_evidence(fixture.batch.observations[0].evidence);
  CHECK(evidence.score >= 12);
  CHECK(evidence.request_id == "r1");
  REQUIRE(evidence.hits.size() == 1);
  CHECK(evidence.hits[0].place == Place::kQuery);
  CHECK(evidence.hits[0].parameter == "id");
  CHECK(has(evidence.hits[0].steps, DecodeStep::kPercent));
  CHECK(evidence.hits[0].excerpt.find("1' OR 1=1") != std::string::npos);
  CHECK_FALSE(fixture.batch.observations[1].evidence);
  CHECK(fixture.batch.verdicts[0].malicious);
  CHECK_FALSE(fixture.batch.verdicts[1].malicious);
}

TEST_CASE("a secret parameter's value never reaches the evidence", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("password=hunter2hunter2' or 1=1")});
  REQUIRE(fixture.batch.observations[0].evidence);
  const Evidence evidence = unpack_evidence(fixture.batch.observations[0].evidence);
  REQUIRE(evidence.hits.size() == 1);
  CHECK(evidence.hits[0].parameter == "password");
  CHECK(evidence.hits[0].excerpt.find("hunter2") == std::string::npos);
}

TEST_CASE("the client is the customer, else the API key's digest, else the address", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("a=1", R"(,"client_id":"c-1","api_key":"ak_secretsecretsecret")"),
                   record("a=1", R"(,"api_key":"ak_secretsecretsecret")"), record("a=1")});
  const auto& observations = fixture.batch.observations;
  REQUIRE(observations.size() == 5);
  CHECK(observations[0].client_kind == ClientKind::kCustomer);
  CHECK(observations[0].client == "c-1");
  CHECK(observations[2].client_kind == ClientKind::kApiKey);
  CHECK(observations[2].client.substr(0, 7) == "sha256:");
  CHECK(observations[2].client.find("secret") == std::string_view::npos);
  CHECK(observations[4].client_kind == ClientKind::kAddress);
  CHECK(observations[4].client == "192.0.2.7");
  CHECK(observations[0].client_hash != observations[4].client_hash);
}

TEST_CASE("an event time in the broker's future is clamped to the append time", "[analyzer]") {
  Fixture fixture;
  const EventTime appended{Milliseconds{1'000'000}};
  fixture.analyze({record("a=1")}, appended);
  CHECK(fixture.batch.observations[0].time == appended);
}

TEST_CASE("a bot's user agent is flagged without making the record malicious", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("a=1", R"(,"user_agent":"TestBot/2.0")")});
  CHECK(fixture.batch.observations[0].has(ObservationFlag::kBotUserAgent));
  CHECK_FALSE(fixture.batch.verdicts[0].malicious);
}

TEST_CASE("a record whose scan was ended early is flagged and counted, and its hits so far count", "[analyzer]") {
  std::string rules = kRules;
  rules.replace(rules.find("\"' or 1=1\""), 10, "[z, zz]");
  const RuleSlot slot(compile(rules.c_str()));
  AnalyzerOptions options = Fixture::options();
  options.decode.line_bytes_max = options.decode.record_bytes_max = 200'000;
  DetectCounters counters;
  Analyzer analyzer(options, slot, counters);
  const std::string many = record(std::string(100'000, 'z')), few = record("zz");
  const std::vector<RawRecord> records{{many, EventTime::max(), {}}, {few, EventTime::max(), {}}};
  AnalyzedBatch batch;
  REQUIRE(analyzer.analyze(records, batch));
  REQUIRE(batch.observations.size() == 2);
  CHECK(batch.observations[0].has(ObservationFlag::kScanCapped));
  CHECK(batch.observations[0].rule_hits == 1);
  CHECK_FALSE(batch.observations[1].has(ObservationFlag::kScanCapped));
  CHECK(counters.capped_scans.value() == 1);
}

TEST_CASE("records in which an expression gave up are counted", "[analyzer]") {
  std::string rules = kRules;
  rules.replace(rules.find("weir.param|contains: \"' or 1=1\""), 31, "cs-method|re: '^(a|aa)+$'");
  Fixture fixture;
  fixture.slot.store(compile(rules.c_str()));
  std::string endless = record("a=1");
  endless.replace(endless.find("GET"), 3, std::string(200, 'a') + "b");
  fixture.analyze({record("a=1"), endless});
  CHECK(fixture.counters.expression_limits.value() == 1);
  CHECK(fixture.batch.verdicts[1].malicious);
}

TEST_CASE("a new rule set is in force from the next batch on", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("x=needle")});
  CHECK_FALSE(fixture.batch.verdicts[0].malicious);
  std::string rules = kRules;
  rules.replace(rules.find("' or 1=1"), 8, "needle");
  fixture.slot.store(compile(rules.c_str()));
  fixture.analyze({record("x=needle")});
  CHECK(fixture.batch.verdicts[0].malicious);
  CHECK(fixture.counters.rule_set_changes.value() == 1);
}

TEST_CASE("hits are counted by rule, and go on when a reload keeps the rule", "[analyzer]") {
  Fixture fixture;
  const auto hits = [&] {
    RuleHits::Sums sums;
    const auto kept = fixture.counters.hits_of_rules.add_to(sums);
    std::map<std::string, uint64_t> by_title;
    for (const auto& [id, rule] : sums)
      by_title[std::string(rule.first)] = rule.second;
    return by_title;
  };
  CHECK(hits().empty());
  fixture.analyze({record("x=' or 1=1"), record("x=1"), record("y=' or 1=1")});
  CHECK(hits() == std::map<std::string, uint64_t>{{"A tautology after a quote", 2}, {"A bot", 0}});
  const std::string rules = kRules;
  fixture.slot.store(compile(rules.substr(0, rules.find("---")).c_str()));
  fixture.analyze({record("x=' or 1=1")});
  CHECK(hits() == std::map<std::string, uint64_t>{{"A tautology after a quote", 3}});
  fixture.slot.store(compile(kRules));
  fixture.analyze({record("x=1")});
  CHECK(hits() == std::map<std::string, uint64_t>{{"A tautology after a quote", 3}, {"A bot", 0}});
}

TEST_CASE("the record of a named client is followed by a count for its address", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({record("id=1%27%20OR%201=1--", R"(,"client_id":"c-1","status":401)"), record("a=1")});
  const auto& observations = fixture.batch.observations;
  REQUIRE(observations.size() == 3);
  const Observation& count = observations[1];
  CHECK(count.has(ObservationFlag::kAddressCount));
  CHECK(count.client_kind == ClientKind::kAddress);
  CHECK(count.client == "192.0.2.7");
  CHECK(count.client_hash == observations[2].client_hash);  // where the address itself is a client
  CHECK(count.at == observations[0].at);
  CHECK(count.time == observations[0].time);
  CHECK(count.status == observations[0].status);
  CHECK(count.path_hash == observations[0].client_hash);
  CHECK_FALSE(count.evidence);
  CHECK(count.rule_hits == 0);
  CHECK_FALSE(observations[0].has(ObservationFlag::kAddressCount));
  CHECK_FALSE(observations[2].has(ObservationFlag::kAddressCount));
}

TEST_CASE("requests from the addresses of one IPv6 /64 network are counted together", "[analyzer]") {
  const bool is_named = GENERATE(false, true);
  CAPTURE(is_named);
  std::vector<std::string> payloads;
  for (int i = 1; i <= 101; ++i) {
    const std::string number = std::to_string(i);
    payloads.push_back(R"({"ts":1736942400,"method":"GET","path":"/","ip":"2001:db8:0:7::)" + number + '"' +
                       (is_named ? R"(,"client_id":"c-)" + number + '"' : "") + "}");
  }
  Fixture fixture;
  fixture.analyze(payloads);
  const std::vector<std::string> topics{"http.requests"};
  Scorer scorer({}, topics);
  std::vector<Alert> alerts;
  scorer.observe(fixture.batch.observations, alerts);
  std::erase_if(alerts, [](const Alert& alert) { return alert.kind != AlertKind::kBurst; });
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].client == "2001:db8:0:7::/64");
  CHECK(alerts[0].client_kind == ClientKind::kAddress);
  CHECK(alerts[0].address.to_string() == "2001:db8:0:7::");
  CHECK(alerts[0].burst.held == 101);
}

TEST_CASE("IPv6 addresses of different /64 networks are different clients", "[analyzer]") {
  Fixture fixture;
  fixture.analyze({R"({"ts":1736942400,"ip":"2001:db8:0:1::1","method":"GET","path":"/"})",
                   R"({"ts":1736942400,"ip":"2001:db8:0:2::1","method":"GET","path":"/"})",
                   R"({"ts":1736942400,"ip":"2001:db8:0:1:ffff::2","method":"GET","path":"/"})"});
  const auto& observations = fixture.batch.observations;
  REQUIRE(observations.size() == 3);
  CHECK(observations[0].client == "2001:db8:0:1::/64");
  CHECK(observations[0].client_hash != observations[1].client_hash);
  CHECK(observations[0].client_hash == observations[2].client_hash);
}

TEST_CASE("the size of batches does not change observations", "[analyzer]") {
  std::vector<std::string> payloads;
  for (int i = 0; i < 50; ++i)
    payloads.push_back(record(i % 7 == 0 ? "id=1' or 1=1" : "id=" + std::to_string(i)));
  Fixture whole;
  whole.analyze(payloads);
  Fixture single;
  for (size_t i = 0; i < payloads.size(); ++i) {
    single.analyze({payloads[i]});
    const Observation& a = whole.batch.observations[i];
    const Observation& b = single.batch.observations[0];
    CHECK(a.client == b.client);
    CHECK(a.client_hash == b.client_hash);
    CHECK(a.request_score == b.request_score);
    CHECK(a.evidence.bytes == b.evidence.bytes);
  }
}

TEST_CASE("records are read as those of their topic's source, and counted for it", "[analyzer]") {
  const std::vector<std::string> names{"flat", "web"};
  TopicTable topics(names, {"api", "web"}, [](std::string_view topic) {
    return TopicClaim{static_cast<uint16_t>(topic == "web"), {}};
  });
  auto readings = std::make_shared<SourceReadings>(2);
  (*readings)[0].input.profile = *InputProfile::built_in("flat");
  (*readings)[1].input.profile = *InputProfile::built_in("nginx");
  (*readings)[1].client_order = {ClientKind::kAddress};
  RuleSlot slot(compile(kRules), nullptr, readings);
  AnalyzerOptions options = Fixture::options();
  options.topics = topics;
  DetectCounters counters;
  Analyzer analyzer(options, slot, counters);
  const std::string flat = record("n=1", R"(,"client_id":"c1")");
  const std::string line = R"(203.0.113.9 - bob [15/Jan/2025:10:20:30 +0000] "GET /w?q=2 HTTP/1.1" 200 3 "-" "curl/8")";
  const auto raw = [](const std::string& text, uint16_t topic) {
    return RawRecord{text, EventTime::max(), {topic, 0, 0}};
  };
  AnalyzedBatch batch;
  REQUIRE(analyzer.analyze({{raw(flat, 0), raw(line, 1), raw("[]", 1), raw(line, 0), raw(flat, 7)}}, batch));
  REQUIRE(batch.rejected.size() == 2);
  CHECK(batch.rejected[0].index == 2);
  CHECK(batch.rejected[1].index == 3);
  REQUIRE(batch.verdicts.size() == 3);
  CHECK(batch.verdicts[0].client == "c1");
  CHECK(batch.verdicts[1].client == "203.0.113.9");
  CHECK(batch.verdicts[1].target == "/w?q=2");
  CHECK(batch.verdicts[2].client == "c1");  // of a topic without a source: as the first
  CHECK(counters.sources[0].records.value() == 3);
  CHECK(counters.sources[0].requests.value() == 2);
  CHECK(counters.sources[0].rejected.value() == 1);
  CHECK(counters.sources[1].requests.value() == 1);
  CHECK(counters.sources[1].fields_read[kFieldUserAgent].value() == 1);
  CHECK(counters.requests.value() == 3);
}

TEST_CASE("a change of how records are read is in force from the next batch on", "[analyzer]") {
  auto readings = std::make_shared<SourceReadings>(1);
  (*readings)[0].input.profile = *InputProfile::built_in("nginx");
  Fixture fixture;
  fixture.analyze({record("n=1")});
  CHECK(fixture.batch.rejected.empty());
  fixture.slot.store(Judgement(fixture.slot.load(), nullptr, readings));
  fixture.analyze({R"(203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /w?q=2 HTTP/1.1" 200 3 "-" "curl/8")"});
  REQUIRE(fixture.batch.verdicts.size() == 1);
  CHECK(fixture.batch.verdicts[0].client == "203.0.113.9");
}

}  // namespace weir
