#pragma once

#include <nlohmann/json_fwd.hpp>

#include "event/event.h"

namespace weir {

/// An event for people and programs that look at how a record was read: the fields it has, secrets masked.
nlohmann::ordered_json event_as_json(const Event& event);

}  // namespace weir
