#include "event/directive/time_pattern.h"

#include <array>

#include "event/values/timestamp.h"

namespace weir {
namespace {

// 2021-11-12T13:14:15.678901234Z, a Friday: no two numbers in it are alike, so that reading one for another shows.
constexpr int64_t kFixedTimeMs = 1'636'722'855'678;
constexpr std::string_view kFraction = "678901234";

struct Letter {
  char letter;
  std::string_view written;
};

constexpr std::array kLetters{
    Letter{'Y', "2021"},     Letter{'m', "11"},         Letter{'d', "12"},
    Letter{'e', "12"},       Letter{'H', "13"},         Letter{'M', "14"},
    Letter{'S', "15"},       Letter{'b', "Nov"},        Letter{'h', "Nov"},
    Letter{'B', "November"}, Letter{'a', "Fri"},        Letter{'A', "Friday"},
    Letter{'y', "21"},       Letter{'C', "20"},         Letter{'j', "316"},
    Letter{'I', "01"},       Letter{'p', "PM"},         Letter{'z', "+0000"},
    Letter{'Z', "UTC"},      Letter{'s', "1636722855"}, Letter{'n', "\n"},
    Letter{'t', "\t"},       Letter{'%', "%"},          Letter{'u', "5"},
    Letter{'k', "13"},       Letter{'F', "2021-11-12"}, Letter{'T', "13:14:15"},
    Letter{'D', "11/12/21"}, Letter{'R', "13:14"},      Letter{'c', "Fri Nov 12 13:14:15 2021"},
};

std::string_view written_for(char letter) {
  for (const auto& row : kLetters) {
    if (row.letter == letter) return row.written;
  }
  return {};
}

bool reads_as_fixed_time(std::string_view text) {
  const auto time = parse_timestamp(text, TimestampFormat::kAuto);
  if (!time) return false;
  const int64_t off = kFixedTimeMs - time->time_since_epoch().count();
  return off >= 0 && off < 1000;  // with or without its fraction
}

}  // namespace

std::string render_time_pattern(std::string_view pattern) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 >= pattern.size()) {
      text += pattern[i];
      continue;
    }
    size_t digits = 9;
    size_t at = i + 1;
    if (pattern[at] == 'E' || pattern[at] == 'O') ++at;  // the locale's own form
    if (at < pattern.size() && pattern[at] >= '1' && pattern[at] <= '9')
      digits = static_cast<size_t>(pattern[at++] - '0');
    const char letter = at < pattern.size() ? pattern[at] : '\0';
    if (letter == 'f') {
      text += kFraction.substr(0, digits);
    } else if (const auto written = written_for(letter); !written.empty()) {
      text += written;
    } else {
      text += pattern.substr(i, at + 1 - i);
    }
    i = at;
  }
  return text;
}

TimePatternKind kind_of_time_pattern(std::string_view pattern) {
  const std::string text = render_time_pattern(pattern);
  if (reads_as_fixed_time(text)) return TimePatternKind::kTime;
  if (reads_as_fixed_time(text + "T13:14:15Z")) return TimePatternKind::kDate;
  if (text.starts_with("13:14:15") && reads_as_fixed_time("2021-11-12T" + text + (text.size() > 12 ? "" : "Z")))
    return TimePatternKind::kClock;
  return TimePatternKind::kUnread;
}

}  // namespace weir
