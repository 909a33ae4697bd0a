#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// What `weir explain` shows of one record, as one JSON object: the event, the decoded lines with their steps, the hits with
/// their spans, what the policy did, the parts of the score, and the fingerprint of the rules that judged it. Secrets are masked.
/// kParse when the record cannot be read, as the daemon would have sent it to the dead-letter topic. Any thread; allocates.
Result<std::string> explain_as_json(const Config& config, const Judgement& in_force, std::string_view record);

}  // namespace weir
