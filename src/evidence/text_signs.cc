#include "evidence/text_signs.h"

#include <bit>
#include <cstring>

#include "base/ascii.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir {

#if defined(__SSE2__)
namespace {

constexpr size_t kBlockBytes = 16;

void take_block(const char* bytes, TextSigns& signs) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i above_zero = _mm_sub_epi8(block, _mm_set1_epi8('0'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(above_zero, _mm_set1_epi8(9)), above_zero);
  const auto is = [&](char sign) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(sign)); };
  const __m128i is_sign = _mm_or_si128(is('='), _mm_or_si128(is(':'), is('%')));
  signs.digits += static_cast<size_t>(std::popcount(static_cast<unsigned>(_mm_movemask_epi8(is_digit))));
  signs.names_secrets |= _mm_movemask_epi8(is_sign) != 0;
}

}  // namespace

TextSigns signs_of(std::string_view text) {
  TextSigns signs;
  for (; text.size() >= kBlockBytes; text.remove_prefix(kBlockBytes))
    take_block(text.data(), signs);
  if (text.empty()) return signs;
  char rest[kBlockBytes] = {};  // zeros are no signs
  std::memcpy(rest, text.data(), text.size());
  take_block(rest, signs);
  return signs;
}

#else

TextSigns signs_of(std::string_view text) {
  TextSigns signs;
  for (const char c : text) {
    signs.digits += is_ascii_digit(c) ? 1 : 0;
    signs.names_secrets |= c == '=' || c == ':' || c == '%';
  }
  return signs;
}

#endif

}  // namespace weir
