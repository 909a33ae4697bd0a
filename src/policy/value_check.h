#pragma once

#include <string_view>

#include "policy/policy_spec.h"

namespace weir {

/// What is wrong with a value: a static text such as "longer than allowed"; empty when nothing is.
using Fault = std::string_view;

/// Checks a value, decoded as the application would read it, against a form (VA2). Linear in the value's length, does not
/// allocate.
Fault check_value(std::string_view value, const ValueForm& form);

}  // namespace weir
