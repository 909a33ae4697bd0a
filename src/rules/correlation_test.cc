// Correlation documents: what they say is read, what cannot be kept is refused with its place and a hint.
#include <algorithm>
#include <string>

#include "base/catch.h"
#include "rules/loader.h"

using namespace weir;

namespace {

constexpr const char* kRule1 = "00000000-0000-4000-8000-000000000001";

std::string base_rule(int number, const std::string& rest = "") {
  return "title: rule " + std::to_string(number) + "\nid: 00000000-0000-4000-8000-00000000000" +
         std::to_string(number) + "\nname: rule_" + std::to_string(number) +
         "\nlogsource: {category: webserver}\nlevel: high\ndetection:\n  sel:\n    sc-status: 401\n  condition: sel\n" +
         rest + "---\n";
}

std::string correlation(const std::string& body, int number = 1, const std::string& rest = "") {
  return "title: correlation " + std::to_string(number) + "\nid: 10000000-0000-4000-8000-00000000000" +
         std::to_string(number) + "\nname: corr_" + std::to_string(number) + "\nlevel: medium\ncorrelation:\n" + body +
         rest + "---\n";
}

const std::string kCount =
    "  type: event_count\n  rules: [rule_1]\n  group-by: [c-ip]\n  timespan: 5m\n  condition: {gte: 10}\n";

struct Parsed {
  RuleDocuments documents;
  std::string findings;
};

Parsed parse(const std::string& yaml) {
  Parsed parsed;
  Diagnostics diagnostics;
  parsed.documents = parse_rule_documents(yaml, "c.yml", diagnostics);
  for (const auto& diagnostic : diagnostics)
    parsed.findings += diagnostic.to_string() + "\n";
  return parsed;
}

void refused(const std::string& yaml, const std::string& because) {
  const Parsed parsed = parse(yaml);
  INFO(yaml << "\n" << parsed.findings);
  CHECK(parsed.findings.find("error: ") != std::string::npos);
  CHECK(parsed.findings.find(because) != std::string::npos);
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = kCount;
  text.replace(text.find(from), from.size(), to);
  return base_rule(1) + base_rule(2) + correlation(text);
}

}  // namespace

TEST_CASE("a correlation is read and linked to its rules") {
  const Parsed parsed =
      parse(base_rule(1) + correlation("  type: value_count\n  rules:\n    - rule_1\n  group-by: [cs-host, c-ip]\n"
                                       "  timespan: 2h\n  condition: {field: cs-uri-stem, gt: 100, lte: 200}\n"));
  INFO(parsed.findings);
  REQUIRE(parsed.findings.empty());
  REQUIRE(parsed.documents.correlations.size() == 1);
  const Correlation& read = parsed.documents.correlations[0];
  CHECK(read.type == CorrelationType::kValueCount);
  CHECK(read.sources.at(0).id == kRule1);
  CHECK_FALSE(read.sources.at(0).is_correlation);
  CHECK(read.group_by == std::vector<std::string>{"c-ip", "cs-host"});
  CHECK(read.timespan_ms == 7'200'000);
  CHECK(read.fields == std::vector<std::string>{"cs-uri-stem"});
  CHECK(holds(read.bounds, 101));
  CHECK(holds(read.bounds, 200));
  CHECK_FALSE(holds(read.bounds, 100));
  CHECK_FALSE(holds(read.bounds, 201));
}

TEST_CASE("every unit of a timespan is read, and nothing else") {
  CHECK(parse_timespan("15s") == 15'000);
  CHECK(parse_timespan("5m") == 300'000);
  CHECK(parse_timespan("1h") == 3'600'000);
  CHECK(parse_timespan("2d") == 172'800'000);
  CHECK(parse_timespan("1w") == 604'800'000);
  for (const char* bad : {"", "s", "5", "5M", "1y", "-1s", "1.5h", "5 m", " 5m", "5min", "99999999999999s"})
    CHECK_FALSE(parse_timespan(bad).has_value());
}

TEST_CASE("a temporal correlation without a condition asks for every rule") {
  const Parsed parsed =
      parse(base_rule(1) + base_rule(2) + correlation("  type: temporal\n  rules: [rule_1, rule_2]\n  timespan: 5m\n"));
  INFO(parsed.findings);
  REQUIRE(parsed.documents.correlations.size() == 1);
  CHECK(holds(parsed.documents.correlations[0].bounds, 2));
  CHECK_FALSE(holds(parsed.documents.correlations[0].bounds, 1));
}

TEST_CASE("what a correlation lacks or cannot keep is an error with its place") {
  refused(with("type: event_count", "type: event_sum"), "c.yml:26: error: unknown correlation type 'event_sum'");
  refused(with("  type: event_count\n", ""), "has no type");
  refused(with("  rules: [rule_1]\n", ""), "names no rules");
  refused(with("[rule_1]", "[rule_9]"), "takes in the rule 'rule_9', which is not loaded");
  refused(with("[rule_1]", "[rule_1, rule_1]"), "stands twice");
  refused(with("  timespan: 5m\n", ""), "no timespan");
  refused(with("timespan: 5m", "timespan: 0s"), "timespan is zero");
  refused(with("timespan: 5m", "timespan: 5M"), "is no timespan");
  refused(with("timespan: 5m", "timespan: 400d"), "longer than 366 days");
  refused(with("  condition: {gte: 10}\n", ""), "has no condition");
  refused(with("{gte: 10}", "{}"), "compares with nothing");
  refused(with("{gte: 10}", "{gte: ten}"), "must be a number");
  refused(with("{gte: 10}", "{gte: 2.5}"), "whole number");
  refused(with("{gte: 10}", "{gte: 0}"), "holds for nothing at all");
  refused(with("{gte: 10}", "{above: 10}"), "no key 'above'");
  refused(with("{gte: 10}", "{gte: 10, field: c-ip}"), "looks at no field's values");
  refused(with("{gte: 10}", "{gte: 10, percentile: 95}"), "has no percentile");
  refused(with("{gte: 10}", "rule_1 and rule_2"), "must be a map");
  refused(with("[c-ip]", "[c-ip, c-ip]"), "stands twice");
  refused(with("group-by", "groupby"), "no key 'groupby'");
  refused(with("type: event_count", "type: value_count"), "needs the field");
  refused(with("type: event_count", "type: value_avg"), "needs the field");
  refused(with("event_count", "value_percentile"), "needs a percentile");
  refused(with("event_count", "temporal"), "fewer rules than its condition asks for");
  refused(base_rule(1) + correlation(kCount, 1, "generate: maybe\n"), "true or false");
  refused(base_rule(1) + correlation(kCount, 1, "detection: {sel: {c-ip: 1}, condition: sel}\n"), "not two of them");
  refused(base_rule(1) + "title: x\ncorrelation:\n" + kCount, "has no id");
  refused(base_rule(1) + correlation(kCount) + correlation(kCount), "is taken");
}

TEST_CASE("an alias must lead from every rule to a field") {
  const auto aliased = [](const std::string& aliases) {
    return base_rule(1) + base_rule(2) +
           correlation("  type: temporal\n  rules: [rule_1, rule_2]\n  group-by: [who]\n  timespan: 1m\n  aliases:\n" +
                       aliases);
  };
  CHECK(parse(aliased("    who: {rule_1: c-ip, rule_2: weir.client}\n")).findings.empty());
  refused(aliased("    who: {rule_1: c-ip}\n"), "names no field for the rule 'rule_2'");
  refused(aliased("    who: {rule_1: c-ip, rule_2: c-ip, rule_3: c-ip}\n"), "which the correlation does not take in");
  refused(aliased("    who: {rule_1: c-ip, rule_2: c-ip}\n    whom: {rule_1: c-ip, rule_2: c-ip}\n"),
          "no group-by uses the alias 'whom'");
}

TEST_CASE("correlations chain when they group by the same fields") {
  const std::string second = "  type: event_count\n  rules: [corr_1]\n  timespan: 1h\n  condition: {gte: 3}\n";
  const Parsed good = parse(base_rule(1) + correlation(kCount) + correlation(second + "  group-by: [c-ip]\n", 2));
  INFO(good.findings);
  CHECK(good.findings.empty());
  CHECK(good.documents.correlations.at(1).sources.at(0).is_correlation);
  refused(base_rule(1) + correlation(kCount) + correlation(second, 2), "differ from this correlation's");
  refused(base_rule(1) + correlation(kCount) +
              correlation("  type: value_count\n  rules: [corr_1]\n  group-by: [c-ip]\n  timespan: 1h\n"
                          "  condition: {gte: 3, field: c-ip}\n",
                          2),
          "no fields whose values could count");
}

TEST_CASE("a cycle of correlations is refused, once for each member") {
  const auto taking = [](const std::string& rule, int number) {
    return correlation("  type: event_count\n  rules: [" + rule + "]\n  timespan: 1h\n  condition: {gte: 3}\n", number);
  };
  refused(taking("corr_1", 1), "takes in its own results");
  refused(taking("corr_2", 1) + taking("corr_1", 2), "takes in its own results");
  std::string chain = base_rule(1) + taking("rule_1", 0);
  for (int i = 1; i < 9; ++i)
    chain += taking("corr_" + std::to_string(i - 1), i);
  refused(chain, "longer than 8");
}

TEST_CASE("a public rule that only feeds correlations has no weight unless they generate") {
  const auto weight = [](const std::string& rest, const std::string& generate) {
    const Parsed parsed = parse(base_rule(1, rest) + correlation(kCount, 1, generate));
    INFO(parsed.findings);
    REQUIRE(parsed.documents.rules.size() == 1);
    return parsed.documents.rules[0].weight;
  };
  CHECK(weight("", "") == 0);
  CHECK(weight("", "generate: true\n") == 7);
  CHECK(weight("", "generate: false\n") == 0);
  CHECK(weight("weir: {category: other, weight: 4}\n", "") == 4);
}

TEST_CASE("an example of a correlation is a sequence of records") {
  const std::string examples =
      "weir:\n  examples:\n    positive:\n      - - {record: {path: /login, status: 401}, times: 10, every: 2s}\n"
      "        - {record: {path: /home}}\n    negative:\n      - - record: {path: '/p{n}'}\n";
  const Parsed parsed = parse(base_rule(1) + correlation(kCount, 1, examples));
  INFO(parsed.findings);
  REQUIRE(parsed.documents.correlations.size() == 1);
  const Correlation& read = parsed.documents.correlations[0];
  REQUIRE(read.positive_examples.size() == 1);
  REQUIRE(read.positive_examples[0].steps.size() == 2);
  CHECK(read.positive_examples[0].steps[0].times == 10);
  CHECK(read.positive_examples[0].steps[0].every_ms == 2'000);
  CHECK(read.negative_examples.size() == 1);
  refused(base_rule(1) + correlation(kCount, 1, "weir: {examples: {positive: [[{times: 1}]]}}\n"), "has no record");
  refused(base_rule(1) + correlation(kCount, 1, "weir: {examples: {positive: [[{record: {}, times: 0}]]}}\n"),
          "'times' must be");
  refused(base_rule(1) + correlation(kCount, 1, "weir: {weight: 3}\n"), "holds a map of examples");
}
