#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "event/values/time_zone.h"
#include "event/values/value_format.h"

namespace weir {

/// Times outside of this are taken for mistakes (a wrong unit, a clock that was never set). The bounds also make the unit
/// of an epoch number unambiguous: the ranges of s, ms, us and ns between 1990 and 2200 do not overlap.
inline constexpr int64_t kEventTimeMinMs = 631'152'000'000;    ///< 1990-01-01T00:00:00Z
inline constexpr int64_t kEventTimeMaxMs = 7'258'118'400'000;  ///< 2200-01-01T00:00:00Z

/// What a time that does not say everything is completed with.
struct TimeClues {
  TimeZone zone{};        ///< of times without an offset
  EventTime reference{};  ///< of times without a year: a time shortly after; the epoch if none is known
};

/// Reads a time written as text: RFC 3339 and its relatives ("2025-01-15 10:20:30,456", "2025/01/15 10:20:30"), the common
/// log format, RFC 1123 ("Wed, 15 Jan 2025 10:20:30 GMT"), syslog ("Jan 15 10:20:30"), or an epoch number, whichever `format`
/// allows. Brackets around it do not matter. Finer than milliseconds is cut off. Nothing for any other text or a time out
/// of range.
std::optional<EventTime> parse_timestamp(std::string_view text, TimestampFormat format, const TimeClues& clues = {});

/// Reads texts as parse_timestamp() does and remembers the minute of the last one: in a log the next time is nearly always one of
/// the same minute, of which only the seconds are new.
class TimestampReader {
 public:
  std::optional<EventTime> read(std::string_view text, TimestampFormat format, const TimeClues& clues);

 private:
  static constexpr size_t kMinuteBytes = 17;  ///< "2025-01-15T10:20:"
  static constexpr size_t kCommonBytes = 26;  ///< "15/Jan/2025:10:20:30 +0000"

  [[nodiscard]] std::optional<EventTime> in_known_minute(std::string_view text) const;
  [[nodiscard]] std::optional<EventTime> in_known_common_minute(std::string_view text) const;
  void learn(std::string_view text, EventTime time);
  void learn_common(std::string_view text, EventTime time);

  std::array<char, kMinuteBytes> minute_{};
  int64_t minute_ms_ = 0;                    ///< the epoch's milliseconds at which it begins
  std::array<char, kCommonBytes> common_{};  ///< the last time in the common log format, whose seconds do not count
  int64_t common_minute_ms_ = 0;
};

/// Reads an epoch number in the unit of `format`; with kAuto the unit follows from the size.
std::optional<EventTime> parse_timestamp(int64_t number, TimestampFormat format);
std::optional<EventTime> parse_timestamp(double number, TimestampFormat format);

}  // namespace weir
