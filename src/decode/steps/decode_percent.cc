#include "decode/steps/decode_percent.h"

#include <string_view>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/utf8.h"

namespace weir {
namespace {

/// True for bytes that a URL inside a URL, or JSON inside one, does not have escaped for an honest reason.
bool is_unusual_when_escaped(char byte) {
  if (static_cast<unsigned char>(byte) >= 0x80) return false;
  return std::string_view(":/?=&%+,#@ \"{}[];").find(byte) == std::string_view::npos;
}

/// Decodes the %uXXXX at `from` (and its second half when it is a surrogate pair). Returns the bytes read, 0 for none.
size_t decode_percent_u(const char* from, size_t left, char*& to, PercentPass& pass) {
  if (left < 6 || (from[1] != 'u' && from[1] != 'U')) return 0;
  const int32_t unit = hex_number(from + 2, 4);
  if (unit < 0) return 0;
  auto code_point = static_cast<uint32_t>(unit);
  size_t read = 6;
  if (code_point >= 0xd800 && code_point < 0xdc00 && left >= 12 && from[6] == '%' &&
      (from[7] == 'u' || from[7] == 'U')) {
    const int32_t low = hex_number(from + 8, 4);
    if (low >= 0xdc00 && low < 0xe000) {
      code_point = from_surrogates(code_point, static_cast<uint32_t>(low));
      read = 12;
    }
  }
  pass.unicode = true;
  // Full-width forms are what %u was used to smuggle besides plain ASCII.
  if (code_point < 0x80 || (code_point >= 0xff01 && code_point <= 0xff5e)) pass.unicode_ascii = true;
  to += put_utf8(to, code_point);
  return read;
}

}  // namespace

PercentPass decode_percent(char* text, size_t size, PlusMeans plus) {
  PercentPass pass;
  const char* from = text;
  const char* const end = text + size;
  char* to = text;
  while (from < end) {
    const char byte = *from;
    if (byte == '+' && plus == PlusMeans::kSpace) {
      pass.plus = true;
      *to++ = ' ';
      ++from;
      continue;
    }
    if (byte != '%') {
      *to++ = byte;
      ++from;
      continue;
    }
    const auto left = static_cast<size_t>(end - from);
    const int32_t value = left >= 3 ? hex_number(from + 1, 2) : -1;
    if (value >= 0) {
      pass.percent = true;
      pass.unusual |= is_unusual_when_escaped(static_cast<char>(value));
      *to++ = static_cast<char>(value);
      from += 3;
      continue;
    }
    const size_t read = decode_percent_u(from, left, to, pass);
    if (read != 0) {
      from += read;
      continue;
    }
    if (left >= 2 && is_word_byte(from[1])) pass.invalid = true;
    *to++ = byte;
    ++from;
  }
  pass.size = static_cast<size_t>(to - text);
  return pass;
}

}  // namespace weir
