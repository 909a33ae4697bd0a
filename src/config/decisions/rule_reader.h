#pragma once

#include <string>
#include <vector>

#include "config/findings.h"
#include "score/decisions/decision_policy.h"
#include "yaml/yaml_node.h"

namespace weir {

/// At most so many rules.
inline constexpr size_t kDecisionRulesMax = 100;

/// Reads the list `decisions.rules` (docs/decisions.md). What is wrong goes to the findings with its line; so does a rule that no
/// alert could ever fit.
std::vector<DecisionRule> read_decision_rules(const YamlNode& list, const std::string& file, Findings& findings);

/// The list as YAML that read_decision_rules reads again, indented below `decisions:`. Empty without rules.
std::string print_decision_rules(const std::vector<DecisionRule>& rules);

}  // namespace weir
