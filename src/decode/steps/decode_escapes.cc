#include "decode/steps/decode_escapes.h"

#include <cstdint>

#include "base/hex.h"
#include "base/utf8.h"
#include "decode/steps/rewrite_in_place.h"

namespace weir {
namespace {

/// A braced escape has at most this many digits: Unicode ends at 10ffff, and leading zeros are allowed.
constexpr size_t kBracedDigitsMax = 8;

struct Escape {
  uint32_t code_point = 0;
  size_t length = 0;     ///< 0: no escape
  bool as_byte = false;  ///< \xe9 is a byte of UTF-8 as often as a code point; keeping the byte serves both readings
};

/// `from` points behind "\u{".
Escape read_braced(const char* from, size_t left) {
  uint32_t value = 0;
  for (size_t i = 0; i < left && i <= kBracedDigitsMax; ++i) {
    if (from[i] == '}' && i > 0) return {value, i + 4, false};
    const int digit = hex_value(from[i]);
    if (digit < 0) return {};
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  return {};
}

Escape read_unicode(const char* from, size_t left) {
  if (left >= 5 && from[2] == '{') return read_braced(from + 3, left - 3);
  if (left < 6) return {};
  const int32_t unit = hex_number(from + 2, 4);
  if (unit < 0) return {};
  auto code_point = static_cast<uint32_t>(unit);
  if (code_point >= 0xd800 && code_point < 0xdc00 && left >= 12 && from[6] == '\\' && from[7] == 'u') {
    const int32_t low = hex_number(from + 8, 4);
    if (low >= 0xdc00 && low < 0xe000) return {from_surrogates(code_point, static_cast<uint32_t>(low)), 12, false};
  }
  return {code_point, 6, false};
}

/// `from` points to a backslash.
Escape read_escape(const char* from, size_t left) {
  if (left < 2) return {};
  switch (from[1]) {
    case '/':
      return {'/', 2, false};
    case 'u':
      return read_unicode(from, left);
    case 'x': {
      const int32_t value = left >= 4 ? hex_number(from + 2, 2) : -1;
      if (value < 0) return {};
      return {static_cast<uint32_t>(value), 4, true};
    }
    default:
      return {};
  }
}

}  // namespace

EscapePass decode_escapes(char* text, size_t size) {
  EscapePass pass;
  pass.size = rewrite_in_place(text, size, '\\', [&](const char* from, size_t left, char*& to) {
    const Escape escape = read_escape(from, left);
    if (escape.length == 0) return size_t{0};
    if (escape.as_byte) {
      *to++ = static_cast<char>(escape.code_point);
    } else {
      to += put_utf8(to, escape.code_point);
    }
    pass.changed = true;
    if (escape.length > 2) {
      pass.unicode = true;
      pass.unicode_ascii |= escape.code_point < 0x80;
    }
    return escape.length;
  });
  return pass;
}

}  // namespace weir
