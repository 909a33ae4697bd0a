#include "detect/rule_cost.h"

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

/// A clock that advances by the next of these steps, again and again, at every second call: what lies between two calls.
class StepClock {
 public:
  explicit StepClock(std::vector<double> steps) : steps_(std::move(steps)) {}
  double operator()() {
    if (++calls_ % 2 == 0) time_ += steps_[(calls_ / 2 - 1) % steps_.size()];
    return time_;
  }

 private:
  std::vector<double> steps_;
  size_t calls_ = 0;
  double time_ = 0;
};

}  // namespace

TEST_CASE("the median and its interval are not moved by a few disturbed rounds") {
  const RuleCost calm = summarize_rounds({0.04, 0.041, 0.039, 0.04, 0.042, 0.038, 0.04, 0.041, 0.039});
  const RuleCost disturbed = summarize_rounds({0.04, 0.041, 0.039, 0.04, 0.042, 0.038, 0.04, 0.9, -0.7});
  CHECK(calm.share == Approx(0.04));
  CHECK(disturbed.share == Approx(0.04));
  CHECK(disturbed.share_low > 0.037);
  CHECK(disturbed.share_high < 0.043);
  CHECK(calm.rounds == 9);
}

TEST_CASE("more rounds narrow the interval") {
  std::vector<double> few, many;
  for (int i = 0; i < 9; ++i)
    few.push_back(0.01 * i);
  for (int i = 0; i < 81; ++i)
    many.push_back(0.01 * (i % 9));
  const RuleCost wide = summarize_rounds(few);
  const RuleCost narrow = summarize_rounds(many);
  CHECK(narrow.share_high - narrow.share_low < wide.share_high - wide.share_low);
  CHECK(summarize_rounds({0.5}).share_low == 0.5);
}

TEST_CASE("every rule is measured on the records that can be read") {
  const auto rules = rules_of(rule_text("01", "quuxone") + "---\n" + rule_text("02", "quuxtwo"));
  size_t done = 0;
  RuleCostOptions options;
  options.progress = [&](size_t count) { done = count; };
  double time = 0;
  const auto costs = measure_rule_costs(
      rules, {}, kRecords, [&] { return time += 1; }, options);
  REQUIRE(costs);
  CHECK(costs->records == 2);
  CHECK(costs->rules.size() == 2);
  CHECK(done == 2);
  CHECK(costs->rules[0].share == Approx(0));
  CHECK(costs->rules[0].rounds == options.rounds);
  CHECK(costs->nanoseconds_per_record == Approx(0.5e9));
}

TEST_CASE("a rule that may be above the share that matters is measured more often") {
  const auto rules = rules_of(rule_text("01", "quuxone"));
  RuleCostOptions options;
  options.share_max = 0.03;
  options.rounds_max = 40;
  double time = 0;
  const auto cheap = measure_rule_costs(
      rules, {}, kRecords, [&] { return time += 1; }, options);
  CHECK(cheap->rules[0].rounds == 9);
  // With the rule 2 s, without 1 s: calls come as warm-up of each, then pairs in alternating order.
  const auto dear = measure_rule_costs(rules, {}, kRecords, StepClock({2, 1, 2, 1, 1, 2, 2, 1, 1, 2}), options);
  CHECK(dear->rules[0].rounds >= 40);
}

TEST_CASE("a sample without a record is an error") {
  CHECK_FALSE(measure_rule_costs(rules_of(rule_text("01", "quuxone")), {}, {"no record"}, [] { return 0.0; }, {}));
}

}  // namespace weir
