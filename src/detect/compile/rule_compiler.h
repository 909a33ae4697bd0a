#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "detect/compile/pattern_facts.h"
#include "detect/compile/program_builder.h"
#include "detect/program/rule_program.h"
#include "rules/rule.h"

namespace weir {

/// Turns rules into atoms and condition graphs. What cannot be turned is reported with file and line; then the program is
/// not to be used. `origins` says for each pattern which rule and line asked for it first.
RuleProgram compile_rules(const std::vector<Rule>& rules, PatternFacts& facts, std::vector<PatternOrigin>& origins,
                          Diagnostics& diagnostics);

}  // namespace weir
