#include "decode/steps/utf16_text.h"

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace weir {
namespace {

/// Pairs looked at to tell the byte order.
constexpr size_t kSamplePairs = 32;
/// Fewer say nothing.
constexpr size_t kPairsMin = 4;
/// What a text is longer than this is not looked at, as with a binary one.
constexpr size_t kTextBytesMax = size_t{1} << 20;

/// Bytes of a byte order mark, plain or as logs repair it (two replacement characters for 0xfe and 0xff).
size_t mark_size(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return 2;
  if (text.starts_with("\xc3\xbf\xc3\xbe") || text.starts_with("\xc3\xbe\xc3\xbf")) return 4;
  return text.starts_with("\xef\xbf\xbd\xef\xbf\xbd") ? 6 : 0;
}

/// Which byte of a pair is the zero: 0 or 1, 2 if the text is no UTF-16.
size_t zero_position(std::string_view text) {
  const size_t pairs = std::min(text.size() / 2, kSamplePairs);
  if (pairs < kPairsMin) return 2;
  size_t zeros[2] = {0, 0};
  for (size_t pair = 0; pair < pairs; ++pair) {
    for (const size_t half : {size_t{0}, size_t{1}})
      zeros[half] += text[2 * pair + half] == '\0' ? 1 : 0;
  }
  for (const size_t half : {size_t{0}, size_t{1}}) {
    if (zeros[half] * 4 >= pairs * 3 && zeros[1 - half] == 0) return half;
  }
  return 2;
}

uint32_t unit_at(std::string_view text, size_t at, size_t zero) {
  const auto low = static_cast<unsigned char>(text[at + 1 - zero]);
  const auto high = static_cast<unsigned char>(text[at + zero]);
  return (uint32_t{high} << 8U) | low;
}

}  // namespace

bool decode_utf16(std::string_view text, std::string& out) {
  text.remove_prefix(mark_size(text));
  const size_t zero = zero_position(text);
  if (zero == 2) return false;
  text = text.substr(0, kTextBytesMax);
  out.clear();
  char bytes[4];
  for (size_t at = 0; at + 1 < text.size(); at += 2) {
    uint32_t unit = unit_at(text, at, zero);
    if (unit >= 0xd800 && unit < 0xdc00 && at + 3 < text.size()) {
      const uint32_t low = unit_at(text, at + 2, zero);
      if (low >= 0xdc00 && low < 0xe000) {
        unit = from_surrogates(unit, low);
        at += 2;
      }
    }
    out.append(bytes, put_utf8(bytes, unit));
  }
  return true;
}

}  // namespace weir
