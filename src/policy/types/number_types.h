#pragma once

#include "policy/policy_spec.h"
#include "policy/types/fault.h"

namespace weir {

/// A whole number of at most 64 bits with sign, "-" only for negative ones, without leading zeros; within the form's bounds.
Fault check_integer(std::string_view value, const ValueForm& form);

/// A number as JSON writes it (RFC 8259, 6); within the form's bounds.
Fault check_number(std::string_view value, const ValueForm& form);

}  // namespace weir
