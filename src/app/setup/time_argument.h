#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace weir {

/// The value of a command line's option: a time as logs write it, a date, or how long ago ("90s", "15m", "2h", "7d").
Result<EventTime> time_argument(const char* option, const std::string& text);

}  // namespace weir
