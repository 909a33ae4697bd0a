#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "detect/compile/rule_compiler.h"
#include "detect/program/compiled_rules.h"

namespace weir {

/// Builds the pattern databases of all levels that `compiled` is for, out of its program. False with an error in the diagnostics
/// if a pattern is refused; `origins` says whose it is. May turn patterns into prefilters, with what confirms them.
bool build_databases(CompiledRules& compiled, const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics);

}  // namespace weir
