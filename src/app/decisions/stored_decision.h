#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "score/decisions/decision.h"

namespace weir {

/// A value of the decisions topic as decision_value() wrote it. None if it is no decision of weir's.
std::optional<Decision> parse_decision(std::string_view json);

/// Who made it, as bouncers tell origins apart: "weir", or "manual" for a person's.
std::string_view origin_of(const Decision& decision);

}  // namespace weir
