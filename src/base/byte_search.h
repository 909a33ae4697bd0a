#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir {

inline constexpr auto kNowhere = std::string_view::npos;

/// As std::string_view::find, for a byte that stands within some dozen bytes: the library's function is called, and asks for pages'
/// ends first, which takes longer than to look there.
inline size_t find_near(std::string_view text, char byte, size_t from = 0) {
#if defined(__SSE2__)
  constexpr size_t kStep = sizeof(__m128i);
  const __m128i wanted = _mm_set1_epi8(byte);
  const auto places = [&](size_t at) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, wanted)));
  };
  for (; from + kStep <= text.size(); from += kStep)
    if (const uint32_t found = places(from); found != 0) return from + static_cast<size_t>(std::countr_zero(found));
  if (from < text.size() && text.size() >= kStep) {  // the last bytes, with those before them that were looked at
    const uint32_t found = places(text.size() - kStep) >> (from + kStep - text.size());
    return found != 0 ? from + static_cast<size_t>(std::countr_zero(found)) : std::string_view::npos;
  }
#endif
  for (; from < text.size(); ++from)
    if (text[from] == byte) return from;
  return std::string_view::npos;
}

/// How often the byte stands in the text. Counts in bytes, which compilers do sixteen at once.
inline size_t count_byte(std::string_view text, char byte) {
  constexpr size_t kPart = 240;  // no sum of a part is more than a byte holds
  size_t count = 0;
  for (size_t begin = 0; begin < text.size(); begin += kPart) {
    uint8_t here = 0;
    for (const char c : text.substr(begin, kPart))
      here = static_cast<uint8_t>(here + (c == byte ? 1 : 0));
    count += here;
  }
  return count;
}

}  // namespace weir
