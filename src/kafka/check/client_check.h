#pragma once

#include "base/diagnostic.h"
#include "config/config.h"

namespace weir {

/// What the client library would refuse of kafka.client_properties when the lanes start: names it does not know, values, and
/// values that contradict each other or those that weir sets. Found by making each kind of client once, without any broker; takes some
/// milliseconds, nothing when there are no such properties. No finding shows a value.
Diagnostics check_client_properties(const Config& config);

}  // namespace weir
