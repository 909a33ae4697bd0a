#include "event/profile/text_pattern.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace weir {
namespace {

template <typename Value, size_t kSize>
std::optional<Value> named(const std::array<std::pair<std::string_view, Value>, kSize>& names, std::string_view name) {
  for (const auto& [known, value] : names)
    if (known == name) return value;
  return std::nullopt;
}

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "text format", std::move(what));
}

std::string_view next_word(std::string_view& words) {
  const auto begin = words.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  const auto end = std::min(words.find(' ', begin), words.size());
  const auto word = words.substr(begin, end - begin);
  words.remove_prefix(end);
  return word;
}

}  // namespace

std::optional<TextEscape> text_escape_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, TextEscape>, 6> kNames{
      {{"none", TextEscape::kNone},
       {"backslash", TextEscape::kBackslash},
       {"hash", TextEscape::kHash},
       {"quotes", TextEscape::kDoubledQuotes},
       {"percent", TextEscape::kPercent},
       {"plus", TextEscape::kPlus}}};
  return named(kNames, name);
}

std::optional<DurationUnit> duration_unit_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, DurationUnit>, 4> kNames{{{"ns", DurationUnit::kNanoseconds},
                                                                                    {"us", DurationUnit::kMicroseconds},
                                                                                    {"ms", DurationUnit::kMilliseconds},
                                                                                    {"s", DurationUnit::kSeconds}}};
  return named(kNames, name);
}

std::optional<TimestampFormat> timestamp_format_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, TimestampFormat>, 7> kNames{
      {{"auto", TimestampFormat::kAuto},
       {"rfc3339", TimestampFormat::kRfc3339},
       {"epoch_s", TimestampFormat::kEpochSeconds},
       {"epoch_ms", TimestampFormat::kEpochMilliseconds},
       {"epoch_us", TimestampFormat::kEpochMicroseconds},
       {"epoch_ns", TimestampFormat::kEpochNanoseconds},
       {"common_log", TimestampFormat::kCommonLog}}};
  return named(kNames, name);
}

Result<TextField> read_text_field(std::string_view words, TextEscape escape) {
  TextField field;
  field.escape = escape;
  const auto what = next_word(words);
  if (what.empty()) return field;
  if (what == "header" || what == "response_header") {
    field.use = what == "header" ? TextUse::kRequestHeader : TextUse::kResponseHeader;
    field.header = next_word(words);
  } else if (const auto index = field_named(what)) {
    field.use = TextUse::kField;
    field.field = *index;
  } else if (const auto known = text_escape_named(what)) {
    field.escape = *known;
  } else {
    return refuse("there is no field '" + std::string(what) + "'");
  }
  for (auto word = next_word(words); !word.empty(); word = next_word(words)) {
    if (const auto known = text_escape_named(word)) {
      field.escape = *known;
    } else if (const auto unit = duration_unit_named(word)) {
      field.unit = *unit;
    } else if (const auto format = timestamp_format_named(word)) {
      field.time_format = *format;
    } else {
      return refuse(
          "'" + std::string(word) + "' behind " + std::string(what) +
          " is no escape (none, backslash, hash, quotes, percent, plus), unit (ns, us, ms, s) or form of time");
    }
  }
  return field;
}

Result<TextFormat> read_text_pattern(std::string_view pattern, TextEscape escape) {
  TextFormat format;
  std::string literal;
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if ((c == '{' || c == '}') && pattern.substr(at, 2) == std::string(2, c) &&
        !(c == '{' && pattern.substr(at, 3) == "{{}")) {
      literal += c;
      at += 2;
      continue;
    }
    if (c == '}') return refuse("a '}' without its '{' at column " + std::to_string(at + 1) + "; write }} for one");
    if (c != '{') {
      literal += c;
      ++at;
      continue;
    }
    const auto end = pattern.find('}', at);
    if (end == std::string_view::npos) return refuse("a '{' without its '}' at column " + std::to_string(at + 1));
    auto field = read_text_field(pattern.substr(at + 1, end - at - 1), escape);
    if (!field) return refuse(field.error().detail + ", at column " + std::to_string(at + 1));
    format.parts.push_back({std::exchange(literal, {}), std::move(*field)});
    at = end + 1;
  }
  format.end = std::move(literal);
  if (auto valid = format.validate(); !valid) return tl::unexpected(valid.error());
  return format;
}

}  // namespace weir
