#pragma once

#include <cstdint>

namespace weir {

enum class DurationUnit : uint8_t { kNanoseconds, kMicroseconds, kMilliseconds, kSeconds };

enum class TimestampFormat : uint8_t {
  kAuto,  ///< any text form, or a number taken as epoch s, ms, us or ns by its size
  kRfc3339,
  kEpochSeconds,  ///< integer or fraction, number or text
  kEpochMilliseconds,
  kEpochMicroseconds,
  kEpochNanoseconds,
  kCommonLog,  ///< 15/Jan/2025:00:00:00 +0000
};

}  // namespace weir
