#pragma once

#include <string>

#include "policy/policy_spec.h"

namespace weir {

/// The policy as YAML that read_policy_text() reads again, every line behind `indent` spaces. What is not set is left out.
std::string print_policy(const PolicySpec& spec, size_t indent = 0);

}  // namespace weir
