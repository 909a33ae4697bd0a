#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

/// Event time: milliseconds since the epoch, UTC. All of scoring runs on it; the wall clock is for operating only.
using EventTime = std::chrono::sys_time<Milliseconds>;

/// "2025-01-15T00:00:00.123Z".
std::string format_rfc3339(EventTime time);

}  // namespace weir
