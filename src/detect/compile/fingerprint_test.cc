// Whatever of a rule, a correlation or the options a verdict or an alert depends on is in the fingerprint.
#include "detect/compile/fingerprint.h"

#include <functional>

#include "base/catch.h"

using namespace weir;

namespace {

Rule a_rule() {
  Rule rule;
  rule.id = "id";
  rule.selections = {{"s", {{{{"weir.query", Comparison::kMatch, false, {StringValue{}}, 0}}}}, 0}};
  rule.conditions = {{ConditionNode::Kind::kSelection, 0, 0, {}}};
  return rule;
}

std::string of_rule(const std::function<void(Rule&)>& change) {
  Rule rule = a_rule();
  change(rule);
  return fingerprint_of({rule}, {}, {});
}

std::string of_value(const Value& value) {
  return of_rule([&](Rule& rule) { rule.selections[0].alternatives[0].items[0].values = {value}; });
}

std::string of_correlation(const std::function<void(Correlation&)>& change) {
  Correlation correlation;
  correlation.sources = {{"a", "a", false, 0}};
  correlation.bounds = {{CorrelationOperator::kGreater, 1}};
  change(correlation);
  return fingerprint_of({}, {correlation}, {});
}

void check_all_differ(const std::vector<std::string>& fingerprints) {
  for (size_t i = 0; i < fingerprints.size(); ++i)
    for (size_t k = 0; k < i; ++k) {
      INFO(k << " and " << i);
      CHECK(fingerprints[i] != fingerprints[k]);
    }
}

}  // namespace

TEST_CASE("each part of a rule that a verdict depends on is in the fingerprint") {
  const auto item = [](Rule& rule) -> DetectionItem& { return rule.selections[0].alternatives[0].items[0]; };
  check_all_differ({
      of_rule([](Rule&) {}),
      of_rule([](Rule& rule) { rule.id = "other"; }),
      of_rule([](Rule& rule) { rule.title = "other"; }),
      of_rule([](Rule& rule) { rule.level = Level::kCritical; }),
      of_rule([](Rule& rule) {
        rule.tags = {"a", "b"};
      }),
      of_rule([](Rule& rule) { rule.tags = {"ab"}; }),
      of_rule([](Rule& rule) { rule.category = Category::kXss; }),
      of_rule([](Rule& rule) { rule.weight = 3; }),
      of_rule([](Rule& rule) { rule.remediation = "Update it."; }),
      of_rule([](Rule& rule) { rule.security_level = SecurityLevel::kStrict; }),
      of_rule([](Rule& rule) { rule.confirmation = Confirmation::kSql; }),
      of_rule([&](Rule& rule) { item(rule).field = "weir.path"; }),
      of_rule([&](Rule& rule) { item(rule).comparison = Comparison::kNotEqual; }),
      of_rule([&](Rule& rule) { item(rule).cased = true; }),
      of_rule([&](Rule& rule) { item(rule).values.clear(); }),
      of_rule([](Rule& rule) { rule.conditions.clear(); }),
      of_rule([](Rule& rule) { rule.conditions[0].kind = ConditionNode::Kind::kNot; }),
      of_rule([](Rule& rule) { rule.conditions[0].selection = 1; }),
      of_rule([](Rule& rule) { rule.conditions[0].count = 1; }),
      of_rule([](Rule& rule) { rule.conditions[0].children = {{}}; }),
  });
}

TEST_CASE("each part of a value is in the fingerprint") {
  check_all_differ({
      of_value(StringValue{{{StringPart::Kind::kLiteral, "a"}}}),
      of_value(StringValue{{{StringPart::Kind::kLiteral, "b"}}}),
      of_value(StringValue{{{StringPart::Kind::kAnyMany, ""}}}),
      of_value(RegexValue{"a", false, false, false}),
      of_value(RegexValue{"a", true, false, false}),
      of_value(RegexValue{"a", false, true, false}),
      of_value(RegexValue{"a", false, false, true}),
      of_value(NumberValue{1, "1"}),
      of_value(NumberValue{2, "2"}),
      of_value(NullValue{}),
      of_value(CidrValue{"10.0.0.0/8"}),
      of_value(FieldRefValue{"f", false, false}),
      of_value(FieldRefValue{"f", true, false}),
      of_value(FieldRefValue{"f", false, true}),
      of_value(ExistsValue{true}),
      of_value(ExistsValue{false}),
  });
}

TEST_CASE("each part of a correlation that an alert depends on is in the fingerprint") {
  check_all_differ({
      of_correlation([](Correlation&) {}),
      of_correlation([](Correlation& correlation) { correlation.id = "other"; }),
      of_correlation([](Correlation& correlation) { correlation.title = "other"; }),
      of_correlation([](Correlation& correlation) { correlation.level = Level::kCritical; }),
      of_correlation([](Correlation& correlation) { correlation.tags = {"t"}; }),
      of_correlation([](Correlation& correlation) { correlation.type = CorrelationType::kTemporal; }),
      of_correlation([](Correlation& correlation) { correlation.sources[0].id = "b"; }),
      of_correlation([](Correlation& correlation) { correlation.sources[0].is_correlation = true; }),
      of_correlation([](Correlation& correlation) { correlation.group_by = {"g"}; }),
      of_correlation([](Correlation& correlation) { correlation.aliases["x"]["a"] = "f"; }),
      of_correlation([](Correlation& correlation) { correlation.timespan_ms = 1; }),
      of_correlation([](Correlation& correlation) { correlation.bounds[0].op = CorrelationOperator::kLess; }),
      of_correlation([](Correlation& correlation) { correlation.bounds[0].number = 1.00000001; }),
      of_correlation([](Correlation& correlation) { correlation.bounds[0].number = 1.00000002; }),
      of_correlation([](Correlation& correlation) { correlation.fields = {"f"}; }),
      of_correlation([](Correlation& correlation) { correlation.percentile = 95; }),
      of_correlation([](Correlation& correlation) { correlation.generate = true; }),
  });
}

TEST_CASE("the options that a verdict depends on are in the fingerprint, where the cache stands is not") {
  const auto of_options = [](const RuleSetOptions& options) { return fingerprint_of({a_rule()}, {}, options); };
  check_all_differ({of_options({}), of_options({.threshold = 11}),
                    of_options({.security_level = SecurityLevel::kStrict}), of_options({.other_levels = 1})});
  CHECK(of_options({}) == of_options({.cache_directory = "/tmp"}));
}
