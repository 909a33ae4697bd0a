#pragma once

#include <simdjson.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/input_profile.h"
#include "event/reject_reason.h"

namespace weir {

// Conversions of one JSON value to one event field. RejectReason::kNone means that `out` was set.

/// Durations above this (about 31 years) are taken for a wrong unit.
inline constexpr int64_t kDurationMaxUs = 1'000'000'000'000'000;

/// A number or its decimal text; the result is in microseconds.
RejectReason read_duration(const simdjson::dom::element& value, DurationUnit unit, Microseconds& out);

/// An integer from 0 to `max`, as a number or as decimal text.
RejectReason read_count(const simdjson::dom::element& value, uint64_t max, uint64_t& out);

/// A time in the given format.
RejectReason read_time(const simdjson::dom::element& value, TimestampFormat format, EventTime& out);

/// Keeps the text of values that are numbers in the record but text in the event; its views are valid until clear().
class NumberTexts {
 public:
  void clear() { texts_.clear(); }
  /// Decimal text of a number or boolean; nothing for any other value.
  std::optional<std::string_view> text_of(const simdjson::dom::element& value);

 private:
  std::deque<std::string> texts_;  // a deque, because views into it must survive growth
};

}  // namespace weir
