#pragma once

#include <cstdint>

#include "base/enum_names.h"

namespace weir {

enum class DurationUnit : uint8_t { kNanoseconds, kMicroseconds, kMilliseconds, kSeconds };
template <>
inline constexpr auto kNamesOf<DurationUnit> = std::to_array<std::string_view>({"ns", "us", "ms", "s"});

enum class TimestampFormat : uint8_t {
  kAuto,  ///< any text form, or a number taken as epoch s, ms, us or ns by its size
  kRfc3339,
  kEpochSeconds,  ///< integer or fraction, number or text
  kEpochMilliseconds,
  kEpochMicroseconds,
  kEpochNanoseconds,
  kCommonLog,  ///< 15/Jan/2025:00:00:00 +0000
};
template <>
inline constexpr auto kNamesOf<TimestampFormat> =
    std::to_array<std::string_view>({"auto", "rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "common_log"});

}  // namespace weir
