#pragma once

#include <memory>
#include <span>

#include "alert/evidence.h"
#include "decode/decoded_record.h"
#include "detect/detection.h"
#include "detect/rule_set.h"
#include "event/event.h"
#include "policy/request_check.h"

namespace weir {

/// Describes a malicious record so that it may leave the process: secrets masked, every part bounded, heaviest hits first.
/// Allocates; called for malicious records only.
std::unique_ptr<Evidence> build_evidence(const Event& event, const DecodedRecord& record, const Detection& detection,
                                         const RuleSet& rules);

/// Adds what the policy found, in the same form and under the same bounds.
void add_violations(std::span<const Violation> violations, const Policy& policy, const DecodedRecord& record,
                    Evidence& evidence);

}  // namespace weir
