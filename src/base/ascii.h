#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

constexpr bool is_ascii_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
constexpr bool is_ascii_lower(char byte) {
  return byte >= 'a' && byte <= 'z';
}
constexpr bool is_ascii_upper(char byte) {
  return byte >= 'A' && byte <= 'Z';
}
constexpr bool is_ascii_letter(char byte) {
  return is_ascii_lower(byte) || is_ascii_upper(byte);
}
constexpr bool is_ascii_alphanumeric(char byte) {
  return is_ascii_letter(byte) || is_ascii_digit(byte);
}
constexpr bool is_word_byte(char byte) {
  return is_ascii_alphanumeric(byte) || byte == '_';
}

constexpr char to_lower(char byte) {
  return is_ascii_upper(byte) ? static_cast<char>(byte + ('a' - 'A')) : byte;
}
/// A copy in which the ASCII letters are in lower case.
inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower)
    byte = to_lower(byte);
  return lower;
}

/// Compares with an ASCII text in lower case.
constexpr bool starts_without_case(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (size_t i = 0; i < lower_prefix.size(); ++i)
    if (to_lower(text[i]) != lower_prefix[i]) return false;
  return true;
}
/// The same for the whole text.
constexpr bool equals_without_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && starts_without_case(text, lower);
}
/// Offset of an ASCII text in lower case at or behind `from`; npos if there is none. For short needles.
constexpr size_t find_without_case(std::string_view text, std::string_view lower, size_t from) {
  for (size_t at = from; at + lower.size() <= text.size(); ++at)
    if (starts_without_case(text.substr(at), lower)) return at;
  return std::string_view::npos;
}

/// Without the spaces and tabs around it.
inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace weir
