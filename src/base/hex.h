#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace weir {

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char digit) {
  if (is_ascii_digit(digit)) return digit - '0';
  const char lower = to_lower(digit);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The value of `count` hexadecimal digits at `text`, or -1 if one of them is none.
constexpr int32_t hex_number(const char* text, size_t count) {
  int32_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}
/// The same at an offset of a text, which may end before.
constexpr int32_t hex_number(std::string_view text, size_t at, size_t count) {
  return at > text.size() || text.size() - at < count ? -1 : hex_number(text.data() + at, count);
}

inline constexpr std::string_view kHexDigits = "0123456789abcdef";
inline constexpr std::string_view kUpperHexDigits = "0123456789ABCDEF";

/// Appends two digits.
inline void append_hex(std::string& out, uint8_t byte, std::string_view digits = kHexDigits) {
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// All but the unreserved characters (RFC 3986, 2.3) as "%2F".
inline std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_word_byte(c) || c == '-' || c == '.' || c == '~') {
      out += c;
    } else {
      out += '%';
      append_hex(out, static_cast<uint8_t>(c), kUpperHexDigits);
    }
  }
  return out;
}

}  // namespace weir
