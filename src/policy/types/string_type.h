#pragma once

#include "policy/policy_spec.h"
#include "policy/types/fault.h"

namespace weir {

/// Text: well-formed UTF-8 without control characters other than tab and line breaks; length in characters within the
/// form's bounds; ASCII punctuation only as far as the form lists it.
Fault check_string(std::string_view value, const ValueForm& form);

}  // namespace weir
