#pragma once

#include "rules/loader.h"
#include "workbench/rule_check.h"

namespace weir {

/// Runs the examples of all correlations through both stages and adds their results to the report: a positive one must raise
/// the correlation's alert, a negative one must not. An error value: the rules do not compile.
Status test_correlations(const RuleDocuments& documents, const RuleSetOptions& options, RuleTestReport& report);

/// What `weir rules lint` says about correlations beyond what loading says.
void lint_correlations(const std::vector<Correlation>& correlations, Diagnostics& diagnostics);

}  // namespace weir
