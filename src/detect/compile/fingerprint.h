#pragma once

#include <string>
#include <vector>

#include "detect/program/rule_set_options.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

/// A hex digest over everything about the rules and the options that a verdict or an alert may depend on.
std::string fingerprint_of(const std::vector<Rule>& rules, const std::vector<Correlation>& correlations,
                           const RuleSetOptions& options);

}  // namespace weir
