#pragma once

#include <memory>
#include <string>

#include "policy/policy.h"

namespace weir {

/// The policy in force (null: none) with what `printed`, a policy as print_policy() writes it, adds: so both that it can be read again and that it
/// goes with the rest is known. Null, with the findings on standard error, when it does not. `name` is that of the text in messages.
std::shared_ptr<const Policy> with_additions(const Policy* policy, const std::string& printed, const char* name,
                                             SecurityLevel base_level);

}  // namespace weir
