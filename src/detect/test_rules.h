#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "detect/match/matcher.h"
#include "detect/test_record.h"
#include "rules/loader.h"

namespace weir::testing {

/// A rule file's text around a detection; `number` (0 to 9) makes ids differ.
inline std::string rule_text(const std::string& detection, int number = 0, const std::string& rest = "") {
  return "title: rule " + std::to_string(number) + "\nid: 00000000-0000-4000-8000-00000000000" +
         std::to_string(number) + "\nlogsource: {category: webserver}\nlevel: critical\ndetection:\n" + detection +
         rest + "\n";
}

/// A rule with one selection of one item.
inline std::string rule_item(const std::string& item, int number = 0) {
  return rule_text("  sel:\n    " + item + "\n  condition: sel", number);
}

/// Compiles rules and matches records against them; the hits come out as one digit a rule ("02": rules 0 and 2).
class RuleBench {
 public:
  explicit RuleBench(const std::string& yaml, const RuleSetOptions& options = {}, const MatcherOptions& how = {})
      : set(compiled(yaml, options, findings)), matcher(*Matcher::create(set, how)) {}

  std::string hits(const Event& event, const DecodedRecord& record) {
    matcher.match(event, record, detection);
    std::string text;
    for (const auto& hit : detection.hits)
      text += set->rules()[hit.rule].title.back();
    return text;
  }
  std::string hits(const std::vector<std::pair<Place, std::string>>& lines) { return hits(Event{}, record_of(lines)); }
  std::string hits(const Event& event) { return hits(event, DecodedRecord{}); }

  std::string findings;
  std::shared_ptr<const RuleSet> set;
  Matcher matcher;
  Detection detection;

 private:
  static std::shared_ptr<const RuleSet> compiled(const std::string& yaml, const RuleSetOptions& options,
                                                 std::string& findings) {
    Diagnostics diagnostics;
    const auto rules = parse_rules(yaml, "r.yml", diagnostics);
    auto set = RuleSet::compile(rules, options, diagnostics);
    for (const auto& finding : diagnostics)
      findings += finding.to_string() + "\n";
    INFO(findings);
    REQUIRE(set.has_value());
    return *set;
  }
};

/// What compiling the rules says; empty when they compile.
inline std::string compile_errors(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto rules = parse_rules(yaml, "r.yml", diagnostics);
  std::string text;
  if (!RuleSet::compile(rules, {}, diagnostics)) text = "refused\n";
  for (const auto& finding : diagnostics)
    text += finding.to_string() + "\n";
  return text;
}

}  // namespace weir::testing
