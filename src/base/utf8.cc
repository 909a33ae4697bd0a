#include "base/utf8.h"

namespace weir {

Utf8Step read_utf8(std::string_view text) {
  if (text.empty()) return {};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xc2 || first > 0xf4) return {0, 0, 1};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  // The second byte's bounds rule out overlong forms, surrogates and what is beyond Unicode.
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  uint32_t code_point = first & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {0, 0, i};
    code_point = code_point << 6 | (byte(i) & 0x3fU);
    low = 0x80;
    high = 0xbf;
  }
  return {code_point, length};
}

void append_valid_utf8(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const Utf8Step step = read_utf8(bytes);
    out += step.bytes > 0 ? bytes.substr(0, step.bytes) : std::string_view("\xef\xbf\xbd");
    bytes.remove_prefix(step.bytes + step.subpart);
  }
}

}  // namespace weir
