#pragma once

#include <string_view>

#include "policy/policy_spec.h"
#include "policy/types/fault.h"

namespace weir {

/// Checks a value, decoded as the application would read it, against a form (VA2). Linear in the value's length, does not
/// allocate.
Fault check_value(std::string_view value, const ValueForm& form);

}  // namespace weir
