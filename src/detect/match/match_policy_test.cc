// Security levels by record and line, and exclusions.
#include "base/catch.h"
#include "detect/test_rules.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr auto kPermissive = SecurityLevel::kPermissive;
constexpr auto kStandard = SecurityLevel::kStandard;
constexpr auto kStrict = SecurityLevel::kStrict;

std::string at_level(const std::string& level) {
  return "\nweir:\n  security_level: " + level;
}

/// Rule 1 permissive (aaa), 2 standard (bbb), 3 strict (ccc or bbb).
std::string three_rules() {
  return rule_text("  s: {weir.query|contains: aaa}\n  condition: s", 1, at_level("permissive")) + "---\n" +
         rule_text("  s: {weir.query|contains: bbb}\n  condition: s", 2, at_level("standard")) + "---\n" +
         rule_text("  s: {weir.query|contains: [ccc, bbb]}\n  condition: s", 3, at_level("strict"));
}

RuleSetOptions all_levels() {
  RuleSetOptions options;
  options.other_levels = mask_of(kPermissive) | mask_of(kStrict);
  return options;
}

std::string hits(RuleBench& bench, const DecodedRecord& record, const MatchPolicy& policy, const Event& event = {}) {
  bench.matcher.match(event, record, policy, bench.detection);
  std::string text;
  for (const auto& hit : bench.detection.hits)
    text += bench.set->rules()[hit.rule].title.back();
  return text;
}

}  // namespace

TEST_CASE("a rule runs at its level and at stricter ones", "[match_policy]") {
  RuleBench bench(three_rules(), all_levels());
  const auto record = record_of({{Place::kQuery, "q=aaa bbb ccc"}});
  CHECK(hits(bench, record, {kPermissive, {}, {}}) == "1");
  CHECK(hits(bench, record, {kStandard, {}, {}}) == "12");
  CHECK(hits(bench, record, {kStrict, {}, {}}) == "123");
}

TEST_CASE("a set holds the rules of the levels in use", "[match_policy]") {
  const auto record = record_of({{Place::kQuery, "q=aaa bbb ccc"}});
  RuleBench standard(three_rules());
  CHECK(standard.set->rules().size() == 2);
  CHECK(hits(standard, record, {kStrict, {}, {}}) == "12");  // a level not compiled for counts as the set's own
  RuleSetOptions options;
  options.security_level = kStrict;
  options.other_levels = mask_of(kPermissive);
  RuleBench strict(three_rules(), options);
  CHECK(strict.set->rules().size() == 3);
  CHECK(hits(strict, record, {kPermissive, {}, {}}) == "1");
  CHECK(hits(strict, record, {kStandard, {}, {}}) == "123");
  CHECK(standard.set->fingerprint() != strict.set->fingerprint());
}

TEST_CASE("each line is matched at its own level", "[match_policy]") {
  RuleBench bench(three_rules(), all_levels());
  const auto record = record_of({{Place::kQuery, "q=bbb"}, {Place::kQuery, "r=aaa bbb"}});
  const std::vector<SecurityLevel> first_strict = {kStrict, kPermissive};
  CHECK(hits(bench, record, {kStandard, first_strict, {}}) == "123");
  CHECK(bench.detection.hits[1].line == 0);
  const std::vector<SecurityLevel> second_strict = {kPermissive, kStrict};
  CHECK(hits(bench, record, {kStandard, second_strict, {}}) == "123");
  CHECK(bench.detection.hits[1].line == 1);
  const std::vector<SecurityLevel> standard_then_strict = {kStandard, kStrict};
  CHECK(hits(bench, record, {kStandard, standard_then_strict, {}}) == "123");
  CHECK(bench.detection.hits[1].line == 0);
  CHECK(bench.detection.hits[2].line == 1);
  const std::vector<SecurityLevel> permissive = {kPermissive, kPermissive};
  CHECK(hits(bench, record, {kStrict, permissive, {}}) == "1");
}

TEST_CASE("a rule about the record's facts follows the record's level", "[match_policy]") {
  RuleBench bench(rule_text("  s: {sc-status: 500}\n  condition: s", 1, at_level("strict")), all_levels());
  Event event;
  event.status = 500;
  const auto record = record_of({{Place::kQuery, "q=x"}});
  const std::vector<SecurityLevel> strict = {kStrict};
  CHECK(hits(bench, record, {kStrict, {}, {}}, event) == "1");
  CHECK(hits(bench, record, {kStandard, strict, {}}, event) == "");
}

TEST_CASE("what is known of a line is known for its level", "[match_policy]") {
  RuleBench bench(rule_text("  s: {weir.user_agent|contains: aaa}\n  condition: s", 1, at_level("strict")),
                  all_levels());
  const auto record = record_of({{Place::kUserAgent, "aaa"}});
  for (int round = 0; round < 4; ++round) {
    CHECK(hits(bench, record, {kStandard, {}, {}}) == "");
    CHECK(hits(bench, record, {kStrict, {}, {}}) == "1");
  }
}

TEST_CASE("levels that are scanned together are told apart, in known lines too", "[match_policy]") {
  const std::string rules =
      rule_text("  s: {weir.user_agent|contains: aaa}\n  condition: s", 1, at_level("permissive")) + "---\n" +
      rule_text("  s: {weir.user_agent|contains: bbb}\n  condition: s", 2, at_level("standard"));
  const auto record = record_of({{Place::kUserAgent, "aaa bbb"}});
  for (const auto first : {kPermissive, kStandard}) {
    RuleBench bench(rules, all_levels());
    CHECK(hits(bench, record, {first, {}, {}}) == (first == kPermissive ? "1" : "12"));
    for (int round = 0; round < 4; ++round) {
      CHECK(hits(bench, record, {kPermissive, {}, {}}) == "1");
      CHECK(hits(bench, record, {kStandard, {}, {}}) == "12");
      CHECK(hits(bench, record, {kStrict, {}, {}}) == "12");
    }
  }
}

TEST_CASE("an exclusion has nothing to take away in a line that the rule is not for", "[match_policy]") {
  RuleBench bench(three_rules(), all_levels());
  const auto record = record_of({{Place::kQuery, "q=aaa bbb"}});
  const std::vector<RuleExclusion> second = {{1, 0}};
  CHECK(hits(bench, record, {kPermissive, {}, second}) == "1");
  CHECK(bench.detection.excluded.empty());
  CHECK(hits(bench, record, {kStandard, {}, second}) == "1");
  CHECK(bench.detection.excluded.size() == 1);
}

TEST_CASE("a rule excluded for one line still hits in another", "[match_policy]") {
  RuleBench bench(rule_item("weir.text|contains: aaa", 1) + "---\n" + rule_item("weir.text|contains: aaa", 2));
  const auto record =
      record_of({{Place::kQuery, "q=aaa"}, {Place::kQuery, "r=aaa"}, {Place::kUserAgent, "browser aaa"}});
  const std::vector<RuleExclusion> first = {{0, 0}};
  for (int round = 0; round < 4; ++round) {  // the user agent becomes a known line
    CHECK(hits(bench, record, {kStandard, {}, first}) == "12");
    CHECK(bench.detection.hits[0].line == 1);
    CHECK(bench.detection.hits[1].line == 0);
    REQUIRE(bench.detection.excluded.size() == 1);
    CHECK(bench.detection.excluded[0].hit.line == 0);
    const std::vector<RuleExclusion> parameters = {{0, 0}, {0, 1}};
    CHECK(hits(bench, record, {kStandard, {}, parameters}) == "12");
    CHECK(bench.detection.hits[0].line == 2);
    const std::vector<RuleExclusion> all = {{0, 2}, {0, 1}, {0, 0}};
    CHECK(hits(bench, record, {kStandard, {}, all}) == "2");
    CHECK(bench.detection.excluded.at(0).exclusion == 2);
    CHECK(bench.detection.score == 10);
  }
}

TEST_CASE("an exclusion of the whole record, and of every rule", "[match_policy]") {
  RuleBench bench(rule_item("weir.query|contains: aaa", 1) + "---\n" + rule_item("sc-status: 500", 2));
  const auto record = record_of({{Place::kQuery, "q=aaa"}});
  Event event;
  event.status = 500;
  CHECK(hits(bench, record, {kStandard, {}, {}}, event) == "12");
  const std::vector<RuleExclusion> second = {{1, RuleExclusion::kWholeRecord}};
  CHECK(hits(bench, record, {kStandard, {}, second}, event) == "1");
  REQUIRE(bench.detection.excluded.size() == 1);
  CHECK(bench.detection.excluded[0].hit.rule == 1);
  const std::vector<RuleExclusion> line = {{RuleExclusion::kEveryRule, 0}};
  CHECK(hits(bench, record, {kStandard, {}, line}, event) == "2");
  const std::vector<RuleExclusion> everything = {{RuleExclusion::kEveryRule, RuleExclusion::kWholeRecord}};
  CHECK(hits(bench, record, {kStandard, {}, everything}, event) == "");
  CHECK(bench.detection.excluded.size() == 2);
  CHECK_FALSE(bench.detection.malicious);
}

TEST_CASE("hiding the line of a 'not' makes no hit", "[match_policy]") {
  RuleBench bench(
      rule_text("  a: {weir.query|contains: aaa}\n  b: {weir.query|contains: bbb}\n  condition: a and not b", 1));
  const auto record = record_of({{Place::kQuery, "q=aaa"}, {Place::kQuery, "r=bbb"}});
  const std::vector<RuleExclusion> hides_not = {{0, 1}};
  CHECK(hits(bench, record, {kStandard, {}, hides_not}) == "");
}
