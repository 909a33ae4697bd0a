#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
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

constexpr bool is_ascii_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}
constexpr bool is_ascii_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
constexpr bool is_word_byte(char byte) {
  return is_ascii_letter(byte) || is_ascii_digit(byte) || byte == '_';
}
constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

/// Writes a code point as UTF-8 (1 to 4 bytes; surrogates and numbers beyond Unicode become '?') and returns its length.
constexpr size_t put_utf8(char* out, uint32_t code_point) {
  const auto byte = [](uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) {
    out[0] = byte(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = byte(0xc0 | (code_point >> 6));
    out[1] = byte(0x80 | (code_point & 0x3f));
    return 2;
  }
  if ((code_point >= 0xd800 && code_point < 0xe000) || code_point > 0x10ffff) {
    out[0] = '?';
    return 1;
  }
  if (code_point < 0x10000) {
    out[0] = byte(0xe0 | (code_point >> 12));
    out[1] = byte(0x80 | ((code_point >> 6) & 0x3f));
    out[2] = byte(0x80 | (code_point & 0x3f));
    return 3;
  }
  out[0] = byte(0xf0 | (code_point >> 18));
  out[1] = byte(0x80 | ((code_point >> 12) & 0x3f));
  out[2] = byte(0x80 | ((code_point >> 6) & 0x3f));
  out[3] = byte(0x80 | (code_point & 0x3f));
  return 4;
}

/// Joins a surrogate pair.
constexpr uint32_t from_surrogates(uint32_t high, uint32_t low) {
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace weir
