// From records to a correlation's alert: groups, missing fields, values, masking, and the way through a block.
#include "pipeline/correlation_feed.h"

#include <numeric>

#include "alert/ocsf.h"
#include "base/catch.h"
#include "pipeline/analyzer.h"
#include "pipeline/observation_block.h"
#include "rules/loader.h"
#include "score/scorer.h"

namespace weir {
namespace {

constexpr const char* kBase = R"(
title: Refused
id: 11111111-1111-4111-8111-111111111111
name: refused
logsource: {category: webserver}
detection: {sel: {sc-status: 401}, condition: sel}
level: low
---
title: Accepted
id: 22222222-2222-4222-8222-222222222222
name: accepted
logsource: {category: webserver}
detection: {sel: {sc-status: 200, cs-uri-stem: /login}, condition: sel}
level: low
---
)";

std::string correlation(int number, const std::string& body, const std::string& rest = "") {
  return "title: correlation " + std::to_string(number) + "\nid: 10000000-0000-4000-8000-00000000000" +
         std::to_string(number) + "\nname: corr_" + std::to_string(number) + "\nlevel: high\ntags: [attack.t1110]\n" +
         rest + "correlation:\n" + body + "---\n";
}

std::string findings_of(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto documents = parse_rule_documents(yaml, "c.yml", diagnostics);
  check_correlations(documents.correlations, diagnostics);
  std::string text;
  for (const auto& diagnostic : diagnostics)
    text += diagnostic.to_string() + "\n";
  return text;
}

std::shared_ptr<const RuleSet> compiled(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto documents = parse_rule_documents(yaml, "c.yml", diagnostics);
  check_correlations(documents.correlations, diagnostics);
  auto set = RuleSet::compile(documents.rules, documents.correlations, {}, diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(set.has_value());
  return *set;
}

/// Both stages, with the block between them.
struct Stages {
  explicit Stages(const std::string& correlations)
      : slot(compiled(kBase + correlations)), analyzer(options(), slot, counters), scorer({}, topics) {}

  static AnalyzerOptions options() {
    AnalyzerOptions options;
    options.input.profile = *InputProfile::built_in("flat");
    options.hash_key = siphash_key_from("test");
    return options;
  }

  Stages& record(int second, const std::string& fields) {
    texts.push_back(R"({"ts":)" + std::to_string(1'700'000'000 + second) + R"(,"method":"POST",)" + fields + "}");
    return *this;
  }
  Stages& refused(int second, const std::string& ip, const std::string& client = "") {
    return record(second, R"("status":401,"path":"/login","ip":")" + ip + R"(","client_id":")" + client + '"');
  }

  /// The alerts of the records so far.
  std::string run() {
    std::vector<RawRecord> records;
    for (const auto& text : texts)
      records.push_back({text, EventTime::max(), {0, 3, offset++}});
    REQUIRE(analyzer.analyze(records, batch));
    REQUIRE(batch.rejected.empty());
    texts.clear();
    std::vector<uint32_t> indices(batch.correlation_events.size());
    std::iota(indices.begin(), indices.end(), 0);
    std::string bytes;
    REQUIRE(encode_event_block_part(batch.correlation_events, indices, 1 << 20, bytes) == indices.size());
    REQUIRE(decode_block(bytes, block));
    REQUIRE(block.correlations.events.size() == indices.size());
    alerts.clear();
    scorer.observe(batch.observations, block.correlations.events, alerts);
    std::string text;
    for (const Alert& alert : alerts)
      if (alert.kind == AlertKind::kCorrelation)
        text += std::string(to_string(alert.phase)) + " " + alert.correlation->title + " " + alert.client + "\n";
    return text;
  }

  const std::vector<std::string> topics{"requests"};
  RuleSlot slot;
  DetectCounters counters;
  Analyzer analyzer;
  Scorer scorer;
  AnalyzedBatch batch;
  ObservationBlock block;
  std::vector<std::string> texts;
  std::vector<Alert> alerts;
  int64_t offset = 0;
};

const std::string kBurst = correlation(
    1, "  type: event_count\n  rules: [refused]\n  group-by: [c-ip]\n  timespan: 1m\n  condition: {gte: 3}\n");

TEST_CASE("three refused logins of an address within the timespan raise the correlation's alert") {
  Stages stages(kBurst);
  stages.refused(0, "192.0.2.1").refused(1, "192.0.2.2").refused(2, "192.0.2.1");
  stages.record(3, R"("status":200,"path":"/","ip":"192.0.2.1")");
  CHECK(stages.run().empty());
  CHECK(stages.refused(4, "192.0.2.1").run() == "opened correlation 1 192.0.2.1\n");
  REQUIRE(stages.alerts.size() == 1);
  CHECK(stages.alerts[0].severity == Level::kHigh);
  CHECK(stages.alerts[0].at.offset == 4);
  const std::string json = encode_ocsf(stages.alerts[0], {"1", stages.topics});
  CHECK(json.find(R"("kind":"correlation")") != std::string::npos);
  CHECK(json.find(R"("group":[{"field":"c-ip","value":"192.0.2.1"}],"value":3,"timespan_ms":60000)") !=
        std::string::npos);
}

TEST_CASE("the addresses of an IPv6 /64 network are one value to correlations") {
  Stages stages(kBurst);
  stages.refused(0, "2001:db8:0:7::1").refused(1, "2001:db8:0:7::2").refused(2, "2001:db8:0:8::1");
  CHECK(stages.run().empty());
  CHECK(stages.refused(3, "2001:db8:0:7:ffff::").run() == "opened correlation 1 2001:db8:0:7::/64\n");
  REQUIRE(stages.alerts.size() == 1);
  CHECK(stages.alerts[0].client_kind == ClientKind::kAddress);
}

TEST_CASE("weir.network groups by the neighbourhood of an address: /24, and /48 of IPv6") {
  Stages stages(correlation(
      1,
      "  type: event_count\n  rules: [refused]\n  group-by: [weir.network]\n  timespan: 1m\n  condition: {gte: 2}\n"));
  stages.refused(0, "192.0.2.1").refused(1, "192.0.3.1").refused(2, "2001:db8:7:1::1").refused(3, "2001:db8:8:1::1");
  CHECK(stages.run().empty());
  stages.refused(4, "192.0.2.254").run();
  REQUIRE(stages.alerts.size() == 1);
  CHECK(stages.alerts[0].client_kind == ClientKind::kGroup);
  CHECK(encode_ocsf(stages.alerts[0], {"1", stages.topics})
            .find(R"("group":[{"field":"weir.network","value":"192.0.2.0/24"}])") != std::string::npos);
  stages.refused(5, "2001:db8:7:ffff::1").run();
  REQUIRE(stages.alerts.size() == 1);
  CHECK(encode_ocsf(stages.alerts[0], {"1", stages.topics}).find(R"("value":"2001:db8:7::/48")") != std::string::npos);
}

TEST_CASE("weir.route groups by the path with ids folded, and hides a secret in it") {
  Stages stages(correlation(
      1, "  type: event_count\n  rules: [refused]\n  group-by: [weir.route]\n  timespan: 1m\n  condition: {gte: 2}\n"));
  const auto refused_at = [&](int second, const std::string& path) -> Stages& {
    return stages.record(second, R"("status":401,"ip":"192.0.2.1","path":")" + path + '"');
  };
  refused_at(0, "/orders/4711/items");
  refused_at(1, "/orders/4711");
  CHECK(stages.run().empty());
  CHECK(refused_at(2, "/orders/12/items").run() == "opened correlation 1 /orders/*/items\n");
  refused_at(3, "/key/password=aBcdEfgh");
  CHECK(refused_at(4, "/key/password=aBcdEfgh").run().find("aBcdEfgh") == std::string::npos);
}

TEST_CASE("a record without a group-by field belongs to no group") {
  Stages stages(correlation(
      1,
      "  type: event_count\n  rules: [refused]\n  group-by: [cs-username]\n  timespan: 1m\n  condition: {gte: 2}\n"));
  stages.refused(0, "192.0.2.1").refused(1, "192.0.2.1").refused(2, "192.0.2.1", "anna");
  CHECK(stages.run().empty());
  CHECK(stages.refused(3, "192.0.2.9", "anna").run() == "opened correlation 1 anna\n");
}

TEST_CASE("values are counted once, over several fields together") {
  Stages stages(correlation(1,
                            "  type: value_count\n  rules: [refused]\n  group-by: [c-ip]\n  timespan: 1m\n"
                            "  condition: {gte: 3, field: cs-username}\n"));
  stages.refused(0, "192.0.2.1", "anna").refused(1, "192.0.2.1", "anna").refused(2, "192.0.2.1", "bert");
  stages.refused(3, "192.0.2.1").refused(4, "192.0.2.2", "carl");
  CHECK(stages.run().empty());
  CHECK(stages.refused(5, "192.0.2.1", "carl").run() == "opened correlation 1 192.0.2.1\n");
}

TEST_CASE("a success after failures is an ordered sequence, through aliases") {
  Stages stages(correlation(1,
                            "  type: temporal_ordered\n  rules: [refused, accepted]\n  group-by: [who]\n"
                            "  timespan: 1m\n  aliases:\n    who: {refused: cs-username, accepted: weir.client}\n"));
  const auto accepted = [&](int second) {
    stages.record(second, R"("status":200,"path":"/login","ip":"192.0.2.1","client_id":"anna")");
  };
  accepted(0);
  stages.refused(1, "192.0.2.1", "anna");
  CHECK(stages.run().empty());
  accepted(2);
  CHECK(stages.run() == "opened correlation 1 anna\n");
}

TEST_CASE("chained correlations and generate decide who alerts") {
  const std::string outer =
      "  type: event_count\n  rules: [corr_1]\n  group-by: [c-ip]\n  timespan: 1h\n  condition: {gte: 2}\n";
  for (const bool generate : {false, true}) {
    Stages stages(kBurst + correlation(2, outer, generate ? "generate: true\n" : ""));
    for (int second : {0, 1, 2, 300, 301, 302})
      stages.refused(second, "192.0.2.1");
    const std::string inner = "opened correlation 1 192.0.2.1\n";
    const std::string chained = "opened correlation 2 192.0.2.1\n";
    CHECK(stages.run() == (generate ? inner + "closed correlation 1 192.0.2.1\n" + inner + chained : chained));
  }
}

TEST_CASE("secrets in group values do not leave the process") {
  Stages stages(correlation(1,
                            "  type: event_count\n  rules: [refused]\n  group-by: [cs-cookie, cs-uri-query]\n"
                            "  timespan: 1m\n  condition: {gte: 1}\n"));
  stages.record(
      0,
      R"("status":401,"path":"/","ip":"192.0.2.1","query":"password=hunter2hunter2","headers":{"Cookie":"sid=topsecretvalue"})");
  const std::string shown = stages.run();
  CHECK(shown.find("opened") == 0);
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(shown.find("topsecret") == std::string::npos);
  CHECK(shown.find("cs-cookie=hash:") != std::string::npos);
}

TEST_CASE("all correlations over the same fields meet in one partition, whatever they are") {
  Stages stages(kBurst + correlation(2,
                                     "  type: event_count\n  rules: [refused]\n  group-by: [c-ip]\n  timespan: 1h\n"
                                     "  condition: {gte: 9}\n"));
  stages.refused(0, "192.0.2.1").run();
  REQUIRE(stages.batch.correlation_events.size() == 2);
  CHECK(stages.batch.correlation_events[0].group_hash == stages.batch.correlation_events[1].group_hash);
  CHECK(stages.batch.correlation_events[0].definition != stages.batch.correlation_events[1].definition);
}

TEST_CASE("a group that is one client stands where the client does, and its alert names what is open of the client") {
  Stages stages(kBurst + correlation(2,
                                     "  type: event_count\n  rules: [refused]\n  group-by: [weir.client]\n"
                                     "  timespan: 1h\n  condition: {gte: 11}\n"));
  for (int i = 0; i < 10; ++i)
    stages.refused(i, "2001:db8::7");
  stages.run();
  const CorrelationEvent& event = stages.batch.correlation_events[0];
  CHECK(event.group_hash == stages.batch.observations[0].client_hash);
  const std::vector<Alert> first = stages.alerts;
  CHECK(first[0].kind == AlertKind::kBurst);
  stages.refused(10, "2001:db8::8").refused(0, "192.0.2.1").run();
  REQUIRE(stages.alerts.size() == 1);
  REQUIRE(stages.alerts[0].correlation->rule_id.back() == '2');
  REQUIRE(stages.alerts[0].related.size() == 1);
  CHECK(stages.alerts[0].related[0].opening_id == first[0].id);
  CHECK(stages.alerts[0].related[0].kind == AlertKind::kBurst);
}

TEST_CASE("an alias that stands for clients is a group of its own") {
  Stages stages(correlation(1,
                            "  type: event_count\n  rules: [refused, accepted]\n  group-by: [who]\n  timespan: 1m\n"
                            "  condition: {gte: 2}\n  aliases:\n    who: {refused: c-ip, accepted: weir.client}\n"));
  stages.refused(0, "192.0.2.1").record(1, R"("status":200,"path":"/login","ip":"192.0.2.1")");
  CHECK(stages.run() == "opened correlation 1 192.0.2.1\n");
  CHECK(stages.batch.correlation_events[0].group_hash != stages.batch.observations[0].client_hash);
}

TEST_CASE("fields that have no single value in a record are refused with file and line") {
  const auto grouped = [](const std::string& field) {
    return findings_of(kBase + correlation(1, "  type: event_count\n  rules: [refused]\n  group-by: [" + field +
                                                  "]\n  timespan: 1m\n  condition: {gte: 3}\n"));
  };
  for (const char* good :
       {"c-ip", "source.ip", "weir.client", "weir.network", "weir.route", "cs-username", "cs-host", "cs-uri-stem",
        "cs-method", "sc-status", "c-useragent", "cs-uri-query", "c-uri", "weir.path"})
    CHECK(grouped(good).empty());
  for (const char* bad : {"weir.param", "weir.steps", "weir.evasion", "dst_ip", "no-such-field", "''"})
    CHECK(grouped(bad).find("c.yml:") != std::string::npos);
  CHECK(findings_of(kBase + correlation(1,
                                        "  type: value_sum\n  rules: [refused]\n  timespan: 1m\n"
                                        "  condition: {gte: 3, field: cs-host}\n"))
            .find("holds no numbers") != std::string::npos);
}

TEST_CASE("a block of events is divided by size, and a damaged one is refused whole") {
  Stages stages(kBurst);
  for (int i = 0; i < 400; ++i)
    stages.refused(i, "192.0.2." + std::to_string(i % 200));
  stages.run();
  const auto& events = stages.batch.correlation_events;
  std::vector<uint32_t> indices(events.size());
  std::iota(indices.begin(), indices.end(), 0);
  size_t seen = 0, blocks = 0;
  for (std::span<const uint32_t> rest = indices; !rest.empty(); ++blocks) {
    std::string bytes;
    const size_t taken = encode_event_block_part(events, rest, 2'000, bytes);
    REQUIRE(bytes.size() <= 2'000);
    REQUIRE(decode_block(bytes, stages.block));
    for (const auto& event : stages.block.correlations.events) {
      const CorrelationEvent& original = events[seen++];
      CHECK(event.definition->hash == original.definition->hash);
      CHECK(event.group == original.group);
      CHECK(event.group_hash == original.group_hash);
      CHECK(event.time == original.time);
      CHECK(event.at == original.at);
      CHECK(event.address == original.address);
    }
    for (size_t i = 0; i < bytes.size(); i += 11) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      CHECK_FALSE(decode_block(damaged, stages.block));
      CHECK(stages.block.correlations.events.empty());
    }
    rest = rest.subspan(taken);
  }
  CHECK(seen == events.size());
  CHECK(blocks > 5);
}

}  // namespace
}  // namespace weir
