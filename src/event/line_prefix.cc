#include "event/line_prefix.h"

#include <array>

#include "base/ascii.h"
#include "base/byte_search.h"

namespace weir {
namespace {

constexpr size_t kNameBytesMax = 256;  // of a host, a tag, a container

bool is_name_character(char c) {
  return is_word_byte(c) || c == '-' || c == '.' || c == '/';
}

// Whether the text starts like the pattern, in which 9 is a digit, A a letter, and _ a digit or a space.
bool looks_like(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = text[i];
    const bool fits = pattern[i] == '9'   ? is_ascii_digit(c)
                      : pattern[i] == 'A' ? is_ascii_letter(c)
                      : pattern[i] == '_' ? is_ascii_digit(c) || c == ' '
                                          : c == pattern[i];
    if (!fits) return false;
  }
  return true;
}

// Without the first `count` words; empty if there are not so many.
std::string_view without_words(std::string_view text, int count) {
  for (; count > 0; --count) {
    const auto space = text.find(' ');
    if (space == kNowhere) return {};
    text.remove_prefix(space + 1);
  }
  return text;
}

// "\x1b[0;33;1m". What ends it is ASCII: half of a longer character must not be left behind.
std::string_view without_ansi(std::string_view text) {
  if (!text.starts_with("\x1b[")) return text;
  const auto end = text.find_first_not_of("0123456789;?", 2);
  if (end == kNowhere) return {};
  return text[end] >= '@' && text[end] <= '~' ? text.substr(end + 1) : text;
}

// "<134>"
std::string_view without_priority(std::string_view text) {
  const auto end = text.find('>');
  if (!text.starts_with('<') || end == kNowhere || end < 2 || end > 4) return text;
  return text.substr(1, end - 1).find_first_not_of("0123456789") == kNowhere ? text.substr(end + 1) : text;
}

// Structured data of RFC 5424: "-", or elements in brackets in which "]" is escaped.
std::string_view without_structured_data(std::string_view text) {
  if (text.starts_with("- ")) return text.substr(2);
  while (text.starts_with('[')) {
    size_t end = 1;
    while (end < text.size() && text[end] != ']')
      end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) return {};
    text.remove_prefix(end + 1);
  }
  return text.starts_with(' ') ? text.substr(1) : text;
}

// "host tag[pid]: " or "tag: "; the text itself if it does not start so.
std::string_view without_host_and_tag(std::string_view text) {
  size_t at = 0;
  for (int words = 0; words < 2; ++words) {
    const auto space = text.find(' ', at);
    if (space == kNowhere || space - at > kNameBytesMax || space == at) return text;
    at = space + 1;
    if (text[space - 1] == ':') return text.substr(at);
  }
  return text;
}

// What follows a time in front of a line.
std::string_view without_header_behind_time(std::string_view text) {
  for (const std::string_view stream : {"stdout F ", "stderr F ", "stdout P ", "stderr P "})
    if (text.starts_with(stream)) return text.substr(stream.size());
  return without_host_and_tag(text);
}

// Whether nothing but a time stands before the first space: else it is the first cell of a line ("2025-01-15T10:20:30Z|…").
bool starts_with_time_alone(std::string_view text) {
  return text.substr(0, text.find(' ')).find_first_not_of("0123456789-:.,+TZ") == kNowhere;
}

std::string_view without_syslog(std::string_view text) {
  const bool has_priority = text.starts_with('<');
  const auto line = without_priority(text);
  if (has_priority && line.starts_with("1 ")) return without_structured_data(without_words(line, 6));
  if (looks_like(line, "AAA _9 99:99:99")) return without_header_behind_time(without_words(line.substr(7), 1));
  if (looks_like(line, "9999-99-99T99:99:99") && starts_with_time_alone(line))
    return without_header_behind_time(without_words(line, 1));
  return line.size() < text.size() ? without_host_and_tag(line) : text;
}

// "web-1  | "
std::string_view without_container(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && end < kNameBytesMax && is_name_character(text[end]))
    ++end;
  if (end == 0) return text;
  const auto bar = text.find_first_not_of(' ', end);
  if (bar == kNowhere || bar == end || text[bar] != '|') return text;
  return text.substr(bar + 1);
}

}  // namespace

std::string_view trimmed_line(std::string_view line) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; };
  while (!line.empty() && is_blank(line.front()))
    line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back()))
    line.remove_suffix(1);
  while (line.ends_with("\x1b[0m"))
    line.remove_suffix(4);
  return line;
}

std::string_view without_line_prefix(std::string_view line) {
  using Step = std::string_view (*)(std::string_view);
  static constexpr std::array<Step, 3> kSteps{without_ansi, without_syslog, without_container};
  for (const Step step : kSteps) {
    const auto rest = step(line);
    if (rest.size() < line.size()) return trimmed_line(rest);
  }
  if (line.starts_with("@cee:")) return trimmed_line(line.substr(5));
  return line;
}

}  // namespace weir
