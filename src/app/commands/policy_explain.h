#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/terminal/terminal.h"
#include "decode/decoded_record.h"
#include "detect/match/detection.h"
#include "pipeline/policy_stage.h"

namespace weir {

/// The part of `weir explain` that shows what the policy did with a record: the route and its level, lines at other levels,
/// violations, and what was excluded by which exclusion. Prints to standard output.
void print_policy_findings(const Palette& palette, const PolicyStage& stage, const DecodedRecord& record,
                           const Detection& detection, const RuleSet& rules, const PolicyFindings& findings);

/// The same as JSON: {"route", "level", "violations": […], "excluded": […], "response_headers": […]}.
nlohmann::ordered_json policy_findings_json(const PolicyStage& stage, const Detection& detection, const RuleSet& rules,
                                            const PolicyFindings& findings);

/// The points that the violations added to the request score.
int policy_points(const Policy& policy, const PolicyFindings& findings);

}  // namespace weir
