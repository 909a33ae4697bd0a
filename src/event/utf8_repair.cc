#include "event/utf8_repair.h"

#include <cstdint>
#include <cstring>

namespace weir {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Sequence {
  size_t length = 1;
  bool valid = false;
};

// The sequence at the start of the bytes: its length if well-formed, otherwise the length of its maximal subpart.
// Table 3-7 of the Unicode standard.
Sequence sequence_at(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {1, true};
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return {1, false};
  }
  for (size_t i = 1; i < length; ++i) {
    if (i >= bytes.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The value of "\uXXXX" at the text's start, -1 if it is none.
int unicode_escape(const char* at, size_t left) {
  if (left < 6 || at[0] != '\\' || at[1] != 'u') return -1;
  int value = 0;
  for (size_t i = 2; i < 6; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

void append_repaired_utf8(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const Sequence sequence = sequence_at(bytes);
    out += sequence.valid ? bytes.substr(0, sequence.length) : kReplacement;
    bytes.remove_prefix(sequence.length);
  }
}

bool repair_lone_surrogates(char* json, size_t size) {
  bool repaired = false;
  const char* const end = json + size;
  char* at = json;
  while ((at = static_cast<char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)))) != nullptr) {
    const auto left = static_cast<size_t>(end - at);
    const int value = left >= 6 && at[1] == 'u' && (at[2] | 0x20) == 'd' ? unicode_escape(at, left) : -1;
    if (value < 0xd800 || value > 0xdfff) {
      if (left <= 2) return repaired;
      at += 2;
      continue;
    }
    const int next = unicode_escape(at + 6, left - 6);
    if (value < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
      at += 12;
    } else {
      std::memcpy(at + 2, "fffd", 4);
      repaired = true;
      at += 6;
    }
  }
  return repaired;
}

}  // namespace weir
