#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/terminal/terminal.h"
#include "evidence/masker.h"
#include "pipeline/record_judge.h"

namespace weir {

/// The part of `weir explain` that shows what the policy did with a record: the route and its level, lines at other levels,
/// violations, and what was excluded by which exclusion. Prints to standard output.
void print_policy_findings(const Palette& palette, const Policy& policy, const JudgedRecord& record,
                           const RuleSet& rules, const Masker& masker);

/// The same as JSON: {"route", "level", "violations": […], "excluded": […], "response_headers": […]}.
nlohmann::ordered_json policy_findings_json(const Policy& policy, const JudgedRecord& record, const RuleSet& rules,
                                            const Masker& masker);

}  // namespace weir
