#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// What a text written by a strftime pattern tells weir.
enum class TimePatternKind : uint8_t {
  kTime,    ///< the time, whole
  kDate,    ///< the day alone
  kClock,   ///< the time of day alone
  kUnread,  ///< nothing that weir can read
};

/// The pattern filled in with one fixed time in UTC. Knows strftime's letters for numbers, names and zones, %f with a number of
/// digits before it (%3f, nine without one), and %s; what it does not know stays as it is.
std::string render_time_pattern(std::string_view pattern);

/// Tries it: what the pattern writes for the fixed time is read back as that time, or not.
TimePatternKind kind_of_time_pattern(std::string_view pattern);

}  // namespace weir
