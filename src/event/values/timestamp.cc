#include "event/values/timestamp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/ascii.h"

namespace weir {
namespace {

// A cursor over the text; every step fails by setting `ok`, so that the grammar below reads in one line per part.
struct Cursor {
  std::string_view text;
  size_t at = 0;
  bool ok = true;

  int number(size_t digits) {
    if (text.size() - at < digits) return failed();
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!is_ascii_digit(text[at + i])) return failed();
      value = value * 10 + (text[at + i] - '0');
    }
    at += digits;
    return value;
  }
  void expect(char c) {
    if (at >= text.size() || text[at] != c) {
      ok = false;
      return;
    }
    ++at;
  }
  [[nodiscard]] char peek() const { return at < text.size() ? text[at] : '\0'; }

 private:
  int failed() {
    ok = false;
    return 0;
  }
};

struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
  std::optional<int> offset_minutes{};  // none: in the zone of the clues
};

std::optional<EventTime> in_range(int64_t milliseconds) {
  if (milliseconds < kEventTimeMinMs || milliseconds >= kEventTimeMaxMs) return std::nullopt;
  return EventTime{Milliseconds{milliseconds}};
}

std::optional<EventTime> to_event_time(const CivilTime& civil, const TimeClues& clues) {
  const std::chrono::year_month_day date{std::chrono::year{civil.year},
                                         std::chrono::month{static_cast<unsigned>(civil.month)},
                                         std::chrono::day{static_cast<unsigned>(civil.day)}};
  // 60 is a leap second; it lands on the second that follows.
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  int64_t seconds = (days * 1440 + civil.hour * 60 + civil.minute) * 60 + civil.second;
  if (civil.offset_minutes) {
    seconds -= *civil.offset_minutes * 60;
  } else if (!clues.zone.is_utc()) {
    seconds -= clues.zone.offset_seconds(seconds);
  }
  return in_range(seconds * 1000 + civil.millisecond);
}

// "Z", "+02:00", "+0200", "GMT" or nothing; spaces may stand before.
std::optional<int> read_offset_minutes(Cursor& cursor) {
  while (cursor.peek() == ' ')
    ++cursor.at;
  const auto rest = cursor.text.substr(cursor.at);
  if (rest.empty()) return std::nullopt;
  for (const std::string_view name : {"Z", "z", "UTC", "GMT"}) {
    if (rest != name) continue;
    cursor.at += name.size();
    return 0;
  }
  const char sign = cursor.peek();
  if (sign != '+' && sign != '-') {
    cursor.ok = false;
    return std::nullopt;
  }
  ++cursor.at;
  const int hours = cursor.number(2);
  if (cursor.peek() == ':') ++cursor.at;
  const int minutes = cursor.number(2);
  if (hours > 23 || minutes > 59) cursor.ok = false;
  return sign == '-' ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

int read_fraction_ms(Cursor& cursor) {
  if (cursor.peek() != '.' && cursor.peek() != ',') return 0;
  ++cursor.at;
  if (!is_ascii_digit(cursor.peek())) cursor.ok = false;
  int milliseconds = 0;
  int scale = 100;
  for (; is_ascii_digit(cursor.peek()); ++cursor.at, scale /= 10)
    milliseconds += (cursor.peek() - '0') * scale;
  return milliseconds;
}

// "10:20:30.456"
void read_clock(Cursor& cursor, CivilTime& civil) {
  civil.hour = cursor.number(2);
  cursor.expect(':');
  civil.minute = cursor.number(2);
  cursor.expect(':');
  civil.second = cursor.number(2);
  civil.millisecond = read_fraction_ms(cursor);
}

std::optional<EventTime> finish(Cursor& cursor, CivilTime& civil, const TimeClues& clues) {
  civil.offset_minutes = read_offset_minutes(cursor);
  if (!cursor.ok || cursor.at != cursor.text.size()) return std::nullopt;
  return to_event_time(civil, clues);
}

// "2025-01-15T00:00:00Z", and with a space or slashes.
std::optional<EventTime> parse_rfc3339(std::string_view text, const TimeClues& clues) {
  Cursor cursor{text};
  CivilTime civil;
  civil.year = cursor.number(4);
  const char dash = cursor.peek() == '/' ? '/' : '-';
  cursor.expect(dash);
  civil.month = cursor.number(2);
  cursor.expect(dash);
  civil.day = cursor.number(2);
  const char separator = cursor.peek();
  if (separator != 'T' && separator != 't' && separator != ' ') return std::nullopt;
  ++cursor.at;
  read_clock(cursor, civil);
  return finish(cursor, civil, clues);
}

int read_month(Cursor& cursor) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto name = cursor.text.substr(cursor.at, 3);
  cursor.at += name.size();
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == name) return static_cast<int>(i) + 1;
  }
  cursor.ok = false;
  return 0;
}

// "15/Jan/2025:00:00:00 +0000"
std::optional<EventTime> parse_common_log(std::string_view text, const TimeClues& clues) {
  Cursor cursor{text};
  CivilTime civil;
  civil.day = cursor.number(2);
  cursor.expect('/');
  civil.month = read_month(cursor);
  cursor.expect('/');
  civil.year = cursor.number(4);
  cursor.expect(cursor.peek() == ' ' ? ' ' : ':');  // Python's servers write a space
  read_clock(cursor, civil);
  return finish(cursor, civil, clues);
}

// "Wed, 15 Jan 2025 00:00:00 GMT"
std::optional<EventTime> parse_rfc1123(std::string_view text, const TimeClues& clues) {
  Cursor cursor{text};
  CivilTime civil;
  cursor.at = 3;
  cursor.expect(',');
  cursor.expect(' ');
  civil.day = cursor.number(2);
  cursor.expect(' ');
  civil.month = read_month(cursor);
  cursor.expect(' ');
  civil.year = cursor.number(4);
  cursor.expect(' ');
  read_clock(cursor, civil);
  return finish(cursor, civil, clues);
}

// "Jan 15 00:00:00": in the year that puts it nearest before the reference, or up to a day after (clocks differ).
std::optional<EventTime> parse_syslog(std::string_view text, const TimeClues& clues) {
  if (clues.reference == EventTime{}) return std::nullopt;
  Cursor cursor{text};
  CivilTime civil;
  civil.month = read_month(cursor);
  cursor.expect(' ');
  if (cursor.peek() == ' ') ++cursor.at;
  civil.day = cursor.number(is_ascii_digit(cursor.at + 1 < text.size() ? text[cursor.at + 1] : ' ') ? 2 : 1);
  cursor.expect(' ');
  read_clock(cursor, civil);
  if (!cursor.ok) return std::nullopt;
  const std::chrono::year_month_day reference{std::chrono::floor<std::chrono::days>(clues.reference)};
  civil.year = int{reference.year()} + 1;
  const Cursor at_clock_end = cursor;
  for (int back = 0; back < 3; ++back, --civil.year) {
    cursor = at_clock_end;
    const auto time = finish(cursor, civil, clues);
    if (time && *time <= clues.reference + std::chrono::days{1}) return time;
  }
  return std::nullopt;
}

// Without what people and servers put around a time.
std::string_view bare(std::string_view text) {
  constexpr std::string_view kAround = " []\"";
  const auto first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

// How many of the unit make a second. With kAuto the unit is the one in which the number lies between the bounds.
double units_per_second(double number, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::kEpochSeconds:
      return 1;
    case TimestampFormat::kEpochMilliseconds:
      return 1e3;
    case TimestampFormat::kEpochMicroseconds:
      return 1e6;
    case TimestampFormat::kEpochNanoseconds:
      return 1e9;
    default:
      break;
  }
  if (number < 1e11) return 1;
  if (number < 1e14) return 1e3;
  return number < 1e17 ? 1e6 : 1e9;
}

bool takes_numbers(TimestampFormat format) {
  return format != TimestampFormat::kRfc3339 && format != TimestampFormat::kCommonLog;
}

// Decimal text, integer part exact, so that "1736899200.123" loses nothing.
std::optional<EventTime> parse_epoch_text(std::string_view text, TimestampFormat format) {
  constexpr size_t kIntegerDigitsMax = 18 + 1;  // nanoseconds of this century have 19
  int64_t whole = 0;
  Cursor cursor{text};
  for (; is_ascii_digit(cursor.peek()); ++cursor.at) {
    if (cursor.at >= kIntegerDigitsMax) return std::nullopt;
    if (whole > (INT64_MAX - 9) / 10) return std::nullopt;
    whole = whole * 10 + (cursor.peek() - '0');
  }
  if (cursor.at == 0) return std::nullopt;
  const int fraction_ms = read_fraction_ms(cursor);
  if (!cursor.ok || cursor.at != text.size()) return std::nullopt;
  const auto time = parse_timestamp(whole, format);
  if (!time || units_per_second(static_cast<double>(whole), format) != 1) return time;
  return *time + Milliseconds{fraction_ms};
}

}  // namespace

std::optional<EventTime> parse_timestamp(int64_t number, TimestampFormat format) {
  if (!takes_numbers(format) || number < 0) return std::nullopt;
  const double units = units_per_second(static_cast<double>(number), format);
  if (units == 1) return number > kEventTimeMaxMs ? std::nullopt : in_range(number * 1000);
  return in_range(number / static_cast<int64_t>(units / 1000));
}

std::optional<EventTime> parse_timestamp(double number, TimestampFormat format) {
  if (!takes_numbers(format) || !(number >= 0) || number > 1e19) return std::nullopt;
  const double milliseconds = std::floor(number / units_per_second(number, format) * 1000 + 0.5);
  if (milliseconds >= static_cast<double>(kEventTimeMaxMs)) return std::nullopt;
  return in_range(static_cast<int64_t>(milliseconds));
}

std::optional<EventTime> parse_timestamp(std::string_view text, TimestampFormat format, const TimeClues& clues) {
  text = bare(text);
  switch (format) {
    case TimestampFormat::kRfc3339:
      return parse_rfc3339(text, clues);
    case TimestampFormat::kCommonLog:
      return parse_common_log(text, clues);
    case TimestampFormat::kAuto:
      break;
    default:
      return parse_epoch_text(text, format);
  }
  if (text.size() <= 4) return parse_epoch_text(text, format);
  if (text[4] == '-' || text[4] == '/') return parse_rfc3339(text, clues);
  if (text[2] == '/') return parse_common_log(text, clues);
  if (text[3] == ',') return parse_rfc1123(text, clues);
  if (is_ascii_letter(text[0])) return parse_syslog(text, clues);
  return parse_epoch_text(text, format);
}

std::optional<EventTime> TimestampReader::read(std::string_view text, TimestampFormat format, const TimeClues& clues) {
  const bool may_be_common = format == TimestampFormat::kAuto || format == TimestampFormat::kCommonLog;
  if (may_be_common && text.size() == kCommonBytes && text[2] == '/') {
    if (const auto known = in_known_common_minute(text)) return known;
    const auto time = parse_timestamp(text, format, clues);
    if (time) learn_common(text, *time);
    return time;
  }
  if (format != TimestampFormat::kAuto && format != TimestampFormat::kRfc3339)
    return parse_timestamp(text, format, clues);
  if (const auto known = in_known_minute(text)) return known;
  const auto time = parse_timestamp(text, format, clues);
  if (time) learn(text, *time);
  return time;
}

/// "30Z" or "30.456Z" behind the minute.
std::optional<EventTime> TimestampReader::in_known_minute(std::string_view text) const {
  constexpr size_t kSecondsEnd = kMinuteBytes + 2;
  if (text.size() <= kSecondsEnd || text.back() != 'Z' || std::memcmp(text.data(), minute_.data(), kMinuteBytes) != 0)
    return std::nullopt;
  Cursor cursor{text.substr(0, text.size() - 1), kMinuteBytes};
  const int second = cursor.number(2);
  const int millisecond = read_fraction_ms(cursor);
  if (!cursor.ok || second > 60 || cursor.at != cursor.text.size()) return std::nullopt;
  return in_range(minute_ms_ + second * 1000 + millisecond);
}

constexpr size_t kCommonSeconds = 18, kCommonSecondsEnd = 20;  // in "15/Jan/2025:10:20:30 +0000"

std::optional<EventTime> TimestampReader::in_known_common_minute(std::string_view text) const {
  if (std::memcmp(text.data(), common_.data(), kCommonSeconds) != 0 ||
      std::memcmp(text.data() + kCommonSecondsEnd, common_.data() + kCommonSecondsEnd,
                  kCommonBytes - kCommonSecondsEnd) != 0)
    return std::nullopt;
  Cursor cursor{text, kCommonSeconds};
  const int second = cursor.number(2);
  if (!cursor.ok || second > 60) return std::nullopt;
  return in_range(common_minute_ms_ + second * 1000);
}

// Only a time that says its offset: what it stands for then depends on nothing else. A leap second lies in the next minute.
void TimestampReader::learn_common(std::string_view text, EventTime time) {
  const char sign = text[kCommonSecondsEnd + 1];
  if (text[kCommonSecondsEnd] != ' ' || (sign != '+' && sign != '-') || text[kCommonSeconds] > '5' ||
      !is_ascii_digit(text.back()))
    return;
  constexpr int64_t kMinuteMs = 60'000;
  std::copy_n(text.begin(), kCommonBytes, common_.begin());
  common_minute_ms_ = time.time_since_epoch().count() / kMinuteMs * kMinuteMs;
}

void TimestampReader::learn(std::string_view text, EventTime time) {
  constexpr std::string_view kForm =
      "9999-99-99T99:99:59";  // the seconds below 60: a leap second lies in the next minute
  if (text.size() <= kForm.size() || text.back() != 'Z') return;
  for (size_t i = 0; i < kForm.size(); ++i)
    if (is_ascii_digit(kForm[i]) ? text[i] < '0' || text[i] > kForm[i] : text[i] != kForm[i]) return;
  constexpr int64_t kMinuteMs = 60'000;
  std::copy_n(text.begin(), kMinuteBytes, minute_.begin());
  minute_ms_ = time.time_since_epoch().count() / kMinuteMs * kMinuteMs;
}

}  // namespace weir
