#include "event/field_values.h"

#include <charconv>
#include <cmath>

#include "event/timestamp.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

double microseconds_per(DurationUnit unit) {
  switch (unit) {
    case DurationUnit::kNanoseconds:
      return 1e-3;
    case DurationUnit::kMicroseconds:
      return 1;
    case DurationUnit::kMilliseconds:
      return 1e3;
    case DurationUnit::kSeconds:
      return 1e6;
  }
  return 1;
}

template <typename Number>
bool parse_whole(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

RejectReason read_duration(const dom::element& value, DurationUnit unit, Microseconds& out) {
  double number = 0;
  if (value.is_number()) {
    if (value.get(number) != simdjson::SUCCESS) return RejectReason::kBadNumber;
  } else if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    if (!parse_whole(text, number)) return RejectReason::kBadNumber;
  } else {
    return RejectReason::kWrongType;
  }
  const double microseconds = number * microseconds_per(unit);
  // Written so that NaN, which text can spell, fails as well.
  if (!(microseconds >= 0 && microseconds <= static_cast<double>(kDurationMaxUs))) return RejectReason::kBadNumber;
  out = Microseconds{std::llround(microseconds)};
  return RejectReason::kNone;
}

RejectReason read_count(const dom::element& value, uint64_t max, uint64_t& out) {
  uint64_t number = 0;
  switch (value.type()) {
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
      if (value.get(number) != simdjson::SUCCESS) return RejectReason::kBadNumber;  // negative
      break;
    case dom::element_type::DOUBLE: {
      constexpr double kExactMax = 9007199254740992.0;  // 2^53: whole numbers are exact below
      double real = 0;
      if (value.get(real) != simdjson::SUCCESS || !(real >= 0 && real <= kExactMax) || real != std::floor(real)) {
        return RejectReason::kBadNumber;
      }
      number = static_cast<uint64_t>(real);
      break;
    }
    case dom::element_type::STRING: {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS || !parse_whole(text, number)) return RejectReason::kBadNumber;
      break;
    }
    default:
      return RejectReason::kWrongType;
  }
  if (number > max) return RejectReason::kBadNumber;
  out = number;
  return RejectReason::kNone;
}

RejectReason read_time(const dom::element& value, TimestampFormat format, EventTime& out) {
  std::optional<EventTime> time;
  switch (value.type()) {
    case dom::element_type::STRING: {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) time = parse_timestamp(text, format);
      break;
    }
    case dom::element_type::INT64: {
      int64_t number = 0;
      if (value.get(number) == simdjson::SUCCESS) time = parse_timestamp(number, format);
      break;
    }
    case dom::element_type::DOUBLE: {
      double number = 0;
      if (value.get(number) == simdjson::SUCCESS) time = parse_timestamp(number, format);
      break;
    }
    case dom::element_type::UINT64:
      break;  // above any nanosecond in range
    default:
      return RejectReason::kWrongType;
  }
  if (!time) return RejectReason::kBadTimestamp;
  out = *time;
  return RejectReason::kNone;
}

std::optional<std::string_view> NumberTexts::text_of(const dom::element& value) {
  constexpr size_t kTextMax = 32;  // the longest double takes 24
  char text[kTextMax];
  char* end = text;
  if (int64_t signed_number = 0; value.get(signed_number) == simdjson::SUCCESS) {
    end = std::to_chars(text, text + kTextMax, signed_number).ptr;
  } else if (uint64_t number = 0; value.get(number) == simdjson::SUCCESS) {
    end = std::to_chars(text, text + kTextMax, number).ptr;
  } else if (double real = 0; value.get(real) == simdjson::SUCCESS) {
    end = std::to_chars(text, text + kTextMax, real).ptr;
  } else if (bool boolean = false; value.get(boolean) == simdjson::SUCCESS) {
    return boolean ? "true" : "false";
  } else {
    return std::nullopt;
  }
  texts_.emplace_back(text, static_cast<size_t>(end - text));
  return texts_.back();
}

}  // namespace weir
