// What an explanation says of a record.
#include "workbench/explanation.h"

#include "base/catch.h"
#include "rules/loader.h"
#include "workbench/flat_profile.h"

using namespace weir;

namespace {

constexpr const char* kRules = R"(
title: One
id: 11111111-1111-4111-8111-111111111111
logsource: {category: webserver}
detection: {selection: {weir.param|contains: one}, condition: selection}
level: high
weir: {category: sqli, weight: 25}
---
title: Two
id: 22222222-2222-4222-8222-222222222222
logsource: {category: webserver}
detection: {selection: {weir.param|contains: two}, condition: selection}
level: high
weir: {category: sqli, weight: 25}
---
title: Three
id: 33333333-3333-4333-8333-333333333333
logsource: {category: webserver}
detection: {selection: {weir.param|contains: [z, zz]}, condition: selection}
level: high
weir: {category: xss, weight: 3}
)";

Judgement judgement() {
  Diagnostics diagnostics;
  auto rules = RuleSet::compile(parse_rules(kRules, "r.yml", diagnostics), {}, diagnostics);
  REQUIRE(rules);
  PolicySpec spec;
  spec.defaults.url_bytes_max = 20;
  auto policy = Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  REQUIRE(policy);
  return {*rules, *policy};
}

std::string record(const std::string& query) {
  return R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.7","method":"GET","path":"/","query":")" + query + "\"}";
}

}  // namespace

TEST_CASE("the parts of the score are told by category, with what counts of them, and the policy's apart") {
  const auto made = explain_record(flat_profile(), judgement(), record("a=one&b=two&c=z"));
  REQUIRE(made);
  REQUIRE(made->categories.size() == 2);
  CHECK((made->categories[0].category == Category::kSqli && made->categories[0].points == 50));
  CHECK(made->categories[0].counted == Detection::kCategoryScoreMax);
  CHECK((made->categories[1].category == Category::kXss && made->categories[1].counted == 3));
  CHECK(made->policy_points == 0);
  CHECK(made->record.detection.score == 33);
  CHECK(made->record.client.text == "192.0.2.7");
  const auto beyond = explain_record(flat_profile(), judgement(), record("a=an-url-that-is-too-long"));
  REQUIRE(beyond);
  CHECK(beyond->policy_points == 4);
  CHECK(beyond->record.detection.score == 4);
}

TEST_CASE("a scan that was ended early is told") {
  JudgeOptions options = flat_profile();
  options.decode.line_bytes_max = options.decode.record_bytes_max = 200'000;
  const auto made = explain_record(options, judgement(), record("c=" + std::string(100'000, 'z')));
  REQUIRE(made);
  CHECK(made->record.detection.capped);
  CHECK(made->record.detection.hits.size() == 1);
}

TEST_CASE("a record that cannot be read is an error with the reason") {
  const auto made = explain_record(flat_profile(), judgement(), "[]");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kParse);
  CHECK(made.error().detail.find("not_an_object") != std::string::npos);
}
