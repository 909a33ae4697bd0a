#pragma once

#include "app/commands/rules/named_rules.h"

namespace weir {

/// `weir rules cost`: each rule's share of the scan time on a sample, by leaving it out.
int run_rules_cost(const RulesArguments& arguments);

/// `weir rules coverage`: which techniques of MITRE ATT&CK the rules look for.
int run_rules_coverage(const RulesArguments& arguments);

}  // namespace weir
