#include "event/values/utf8_repair.h"

#include <cstdint>
#include <cstring>

#include "base/hex.h"

namespace weir {
namespace {

// The value of "\uXXXX" at the text's start, -1 if it is none.
int unicode_escape(const char* at, size_t left) {
  if (left < 6 || at[0] != '\\' || at[1] != 'u') return -1;
  return hex_number(at + 2, 4);
}

}  // namespace

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
