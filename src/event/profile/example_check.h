#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/profile/profile_file.h"

namespace weir {

/// The text of an event's field as an example names it ("status", "header x-a", "flags"); nothing for an unknown name.
std::optional<std::string> event_text(const Event& event, std::string_view name);

/// Reads an example with its profile; what came out otherwise than it says, one sentence each.
std::vector<std::string> check_example(const InputProfile& profile, const ProfileExample& example);

}  // namespace weir
