#pragma once

#include <string>
#include <utility>

#include "base/catch.h"
#include "pipeline/rule_slot.h"
#include "rules/loader.h"

namespace weir::testing {

/// Two rules: "strictword" anywhere, from level strict on, and "badword" anywhere.
inline constexpr const char* kWordRules = R"(
title: A word for strict
id: 11111111-1111-4111-8111-111111111111
logsource: {category: webserver}
detection: {selection: {weir.text|contains: strictword}, condition: selection}
level: high
weir: {category: sqli, weight: 12, security_level: strict}
---
title: A word
id: 22222222-2222-4222-8222-222222222222
logsource: {category: webserver}
detection: {selection: {weir.text|contains: badword}, condition: selection}
level: high
weir: {category: xss, weight: 12}
)";
inline constexpr const char* kBadwordRule = "22222222-2222-4222-8222-222222222222";

/// These rules and a policy, as they are in force together.
inline Judgement judgement(PolicySpec spec) {
  Diagnostics diagnostics;
  auto policy = Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(policy);
  RuleSetOptions options;
  options.other_levels = static_cast<SecurityLevels>((*policy)->levels() & ~mask_of(SecurityLevel::kStandard));
  auto rules = RuleSet::compile(parse_rules(kWordRules, "r.yml", diagnostics), options, diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(rules);
  return {*rules, *policy};
}

}  // namespace weir::testing
