#include "workbench/rule_cost.h"

#include <string>
#include <vector>

#include "base/catch.h"
#include "rules/loader.h"

namespace weir {
namespace {

std::string rule_text(const std::string& id, const std::string& text) {
  return "title: finds " + text + "\nid: 6f1c3f4e-0000-4000-8000-0000000000" + id +
         "\nstatus: test\nlogsource: {category: webserver}\nlevel: high\ndetection:\n  a: {cs-uri-query|contains: " +
         text + "}\n  condition: a\n";
}

std::vector<Rule> rules_of(const std::string& yaml) {
  Diagnostics diagnostics;
  auto rules = parse_rules(yaml, "test.yml", diagnostics);
  REQUIRE_FALSE(has_errors(diagnostics));
  return rules;
}

const std::vector<std::string> kRecords{
    R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/","query":"a=quuxone"})", "no record",
    R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/","query":"b=1"})"};

/// A clock that advances by the next of these steps at every second call: what lies between two calls. First those of parsing and
/// decoding, then the others, again and again.
class StepClock {
 public:
  StepClock(std::vector<double> preparing, std::vector<double> matching)
      : preparing_(std::move(preparing)), matching_(std::move(matching)) {}
  double operator()() {
    if (++calls_ % 2 == 0) time_ += step(calls_ / 2 - 1);
    return time_;
  }

 private:
  [[nodiscard]] double step(size_t index) const {
    return index < preparing_.size() ? preparing_[index] : matching_[(index - preparing_.size()) % matching_.size()];
  }
  std::vector<double> preparing_, matching_;
  size_t calls_ = 0;
  double time_ = 0;
};

/// Where parsing and decoding take no time, in both passes.
StepClock matching(std::vector<double> steps) {
  return {{0, 0}, std::move(steps)};
}

RuleCostOptions two_passes() {
  RuleCostOptions options;
  options.passes = 2;
  return options;
}

}  // namespace

TEST_CASE("of the passes the fastest counts") {
  // With, without; then without, with: 4 and 3 seconds, and what a busy machine makes of them.
  const auto rules = rules_of(rule_text("01", "quuxone"));
  const auto calm = measure_rule_costs(rules, {}, kRecords, matching({4, 3, 3, 4}), two_passes());
  const auto busy = measure_rule_costs(rules, {}, kRecords, matching({4, 90, 3, 70}), two_passes());
  CHECK(calm->rules[0].share == Approx(0.25));
  CHECK(busy->rules[0].share == Approx(0.25));
  CHECK(busy->levels[0].match_nanoseconds_per_record == Approx(2e9));
}

TEST_CASE("the share is the median of the measurements, the bounds their extremes") {
  const auto rules = rules_of(rule_text("01", "quuxone"));
  const auto costs =
      measure_rule_costs(rules, {}, kRecords, matching({4, 3, 3, 4, 4, 2, 2, 4, 4, 1, 1, 4}), two_passes());
  CHECK(costs->rules[0].share == Approx(0.5));
  CHECK(costs->rules[0].share_low == Approx(0.25));
  CHECK(costs->rules[0].share_high == Approx(0.75));
  CHECK(costs->rules[0].measurements == 3);
}

TEST_CASE("every rule is measured on the records that can be read") {
  const auto rules = rules_of(rule_text("01", "quuxone") + "---\n" + rule_text("02", "quuxtwo"));
  size_t done = 0;
  RuleCostOptions options;
  options.progress = [&](size_t count) { done = count; };
  const auto costs = measure_rule_costs(rules, {}, kRecords, StepClock({1}, {1}), options);
  REQUIRE(costs);
  CHECK(costs->records == 2);
  CHECK(costs->rules.size() == 2);
  CHECK(done == 2);
  CHECK(costs->rules[0].share == Approx(0));
  REQUIRE(costs->levels.size() == 1);
  CHECK(costs->levels[0].rules == 2);
  CHECK(costs->levels[0].match_nanoseconds_per_record == Approx(0.5e9));
}

TEST_CASE("a share is one of the time to parse, decode and match") {
  const auto rules = rules_of(rule_text("01", "quuxone"));
  const auto costs = measure_rule_costs(rules, {}, kRecords, StepClock({6, 9}, {4, 3, 3, 4}), two_passes());
  CHECK(costs->rules[0].share == Approx(0.1));
  CHECK(costs->rules[0].nanoseconds_per_record == Approx(0.5e9));
  CHECK(costs->levels[0].prepare_nanoseconds_per_record == Approx(3e9));
}

TEST_CASE("a rule is measured among those that run where it does") {
  const std::string strict = "weir: {security_level: strict}\n", permissive = "weir: {security_level: permissive}\n";
  const auto rules = rules_of(rule_text("01", "quuxone") + "---\n" + rule_text("02", "quuxtwo") + strict + "---\n" +
                              rule_text("03", "quuxthree") + permissive);
  const auto costs = measure_rule_costs(rules, {}, kRecords, StepClock({1}, {1}), {});
  REQUIRE(costs->levels.size() == 2);
  CHECK((costs->levels[0].level == SecurityLevel::kStandard && costs->levels[0].rules == 2));
  CHECK((costs->levels[1].level == SecurityLevel::kStrict && costs->levels[1].rules == 3));
  REQUIRE(costs->rules.size() == 3);
  for (const RuleCost& cost : costs->rules) {
    const bool is_strict = cost.rule_id.ends_with("02");
    CHECK(cost.level == (is_strict ? SecurityLevel::kStrict : SecurityLevel::kStandard));
  }
}

TEST_CASE("single rules can be measured, each must be there") {
  const auto rules = rules_of(rule_text("01", "quuxone") + "---\n" + rule_text("02", "quuxtwo"));
  RuleCostOptions options;
  options.only = {rules[1].id};
  const auto costs = measure_rule_costs(rules, {}, kRecords, StepClock({1}, {1}), options);
  REQUIRE(costs->rules.size() == 1);
  CHECK(costs->rules[0].rule_id == rules[1].id);
  CHECK(costs->levels[0].rules == 2);
  options.only = {"6f1c3f4e-0000-4000-8000-000000000099"};
  CHECK_FALSE(measure_rule_costs(rules, {}, kRecords, StepClock({1}, {1}), options));
}

TEST_CASE("a rule that seems to be above the share that matters is measured again") {
  const auto rules = rules_of(rule_text("01", "quuxone"));
  RuleCostOptions options = two_passes();
  options.share_max = 0.03;
  CHECK(measure_rule_costs(rules, {}, kRecords, matching({1}), options)->rules[0].measurements == 3);
  const auto dear = measure_rule_costs(rules, {}, kRecords, matching({2, 1, 1, 2}), options);
  CHECK(dear->rules[0].measurements == options.measurements_max);
  CHECK(dear->rules[0].share_low == Approx(0.5));
  // Three measurements above it, the fourth below: no verdict against the rule, and no more work.
  const auto unsure =
      measure_rule_costs(rules, {}, kRecords, matching({2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 1, 1, 1, 1}), options);
  CHECK(unsure->rules[0].measurements == 4);
  CHECK(unsure->rules[0].share_low == Approx(0));
}

TEST_CASE("a sample without a record is an error") {
  CHECK_FALSE(measure_rule_costs(rules_of(rule_text("01", "quuxone")), {}, {"no record"}, [] { return 0.0; }, {}));
}

}  // namespace weir
