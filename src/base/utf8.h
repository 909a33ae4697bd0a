#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// A code point and the bytes it takes; no bytes: ill-formed UTF-8 (Unicode, table 3-7).
struct Utf8Step {
  uint32_t code_point = 0;
  size_t bytes = 0;
  size_t subpart = 0;  ///< of what is ill-formed: the bytes that one U+FFFD stands for, at least 1
};
/// What stands at the front of a text.
Utf8Step read_utf8(std::string_view text);

/// Appends `bytes` to `out` with every ill-formed UTF-8 sequence replaced by U+FFFD, one per maximal subpart (the practice
/// the Unicode standard recommends, chapter 3.9). The result is at most three times as long.
void append_valid_utf8(std::string_view bytes, std::string& out);

constexpr bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// The begin of the character that the byte is inside of; the byte itself in what is no UTF-8, and the end at the end.
constexpr size_t utf8_character_begin(std::string_view text, size_t at) {
  constexpr size_t kContinuationsMax = 3;
  for (size_t back = 0; back <= kContinuationsMax && back <= at; ++back)
    if (at - back >= text.size() || !is_utf8_continuation(text[at - back])) return at - back;
  return at;
}

/// Cuts to at most `bytes_max` without splitting a character.
constexpr std::string_view cut_utf8(std::string_view text, size_t bytes_max) {
  return text.size() <= bytes_max ? text : text.substr(0, utf8_character_begin(text, bytes_max));
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
inline void append_utf8(std::string& out, uint32_t code_point) {
  char bytes[4];
  out.append(bytes, put_utf8(bytes, code_point));
}

/// Joins a surrogate pair.
constexpr uint32_t from_surrogates(uint32_t high, uint32_t low) {
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace weir
