#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/input_profile.h"

namespace weir {

/// A request that is an attack and names itself as the doctor's, written as records of the profile are. Its path, request id and user
/// agent hold `marker`, letters and digits, which makes it findable. Empty when the profile reads no JSON: such lines cannot be made
/// from what it says.
std::optional<std::string> doctor_record(const InputProfile& profile, std::string_view marker, std::string_view time);

}  // namespace weir
