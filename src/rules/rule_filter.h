#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/rule.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// A Sigma filter document: narrows rules without touching their files. Its condition must hold in addition to the rule's.
struct RuleFilter {
  std::string file;
  int line = 0;
  bool any_rule = false;
  std::vector<std::string> rules;  ///< ids or titles
  std::string logsource_category;  ///< empty: every rule
  std::vector<Selection> selections;
  ConditionNode condition;
};

/// Reads one filter document; what is wrong is reported, and then nothing is returned.
std::optional<RuleFilter> read_filter(const YamlNode& document, Reporter& report);

/// Applies every filter to the rules it names. A filter that names a rule that is not there is an error: it would be believed
/// to work.
void apply_filters(const std::vector<RuleFilter>& filters, std::vector<Rule>& rules, Diagnostics& diagnostics);

}  // namespace weir
