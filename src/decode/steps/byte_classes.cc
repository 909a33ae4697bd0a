#include "decode/steps/byte_classes.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

namespace weir {
namespace {

constexpr ByteClasses class_of(unsigned char byte) {
  if (byte < 0x20) return byte_class::kControl;
  if (byte >= 0x80) return byte_class::kHigh;
  switch (byte) {
    case '%':
      return byte_class::kPercent;
    case '+':
      return byte_class::kPlus;
    case '&':
      return byte_class::kAmpersand;
    case '\\':
      return byte_class::kBackslash;
    case '*':
      return byte_class::kAsterisk;
    case '"':
    case '$':
    case '\'':
      return byte_class::kShell;
    case 0x7f:
      return byte_class::kDelete;
    default:
      return 0;
  }
}

constexpr auto make_class_table() {
  std::array<ByteClasses, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    table[byte] = class_of(static_cast<unsigned char>(byte));
  return table;
}
constexpr std::array<ByteClasses, 256> kClassOf = make_class_table();

constexpr bool is_plain_byte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         std::string_view(",;=.*/+-_:?\" ").find(static_cast<char>(byte)) != std::string_view::npos;
}

constexpr auto make_plain_table() {
  std::array<bool, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    table[byte] = is_plain_byte(static_cast<unsigned char>(byte));
  return table;
}
constexpr std::array<bool, 256> kIsPlain = make_plain_table();

#if defined(__SSSE3__)
/// A byte's classes are kLow[its low nibble] & kHigh[its high nibble] (the classification by shuffles that simdjson and
/// Hyperscan use): each class is one bit and a product of a set of low and a set of high nibbles.
using NibbleTable = std::array<uint8_t, 16>;

constexpr NibbleTable make_low_table() {
  using namespace byte_class;
  NibbleTable low{};
  for (uint8_t& entry : low)
    entry = kControl;
  low[0x2] |= kShell;
  low[0x4] |= kShell;
  low[0x7] |= kShell;
  low[0x5] |= kPercent;
  low[0xb] |= kPlus;
  low[0x6] |= kAmpersand;
  low[0xc] |= kBackslash;
  low[0xa] |= kAsterisk;
  low[0xf] |= kDelete;
  return low;
}

constexpr NibbleTable make_high_table() {
  using namespace byte_class;
  NibbleTable high{};
  high[0x0] = high[0x1] = kControl;
  high[0x2] = kPercent | kPlus | kAmpersand | kAsterisk | kShell;
  high[0x5] = kBackslash;
  high[0x7] = kDelete;
  return high;
}

alignas(16) constexpr NibbleTable kLowTable = make_low_table();
alignas(16) constexpr NibbleTable kHighTable = make_high_table();

__m128i classes_of(__m128i bytes) {
  const __m128i low_table = _mm_load_si128(reinterpret_cast<const __m128i*>(kLowTable.data()));
  const __m128i high_table = _mm_load_si128(reinterpret_cast<const __m128i*>(kHighTable.data()));
  const __m128i nibble_mask = _mm_set1_epi8(0x0f);
  const __m128i low = _mm_shuffle_epi8(low_table, _mm_and_si128(bytes, nibble_mask));
  const __m128i high = _mm_shuffle_epi8(high_table, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble_mask));
  return _mm_and_si128(low, high);
}

/// What occurs in the bytes seen so far. Whether one is beyond ASCII is its top bit; the other classes come from the tables.
class SeenClasses {
 public:
  void add(__m128i bytes) {
    classes_ = _mm_or_si128(classes_, classes_of(bytes));
    bytes_ = _mm_or_si128(bytes_, bytes);
  }
  [[nodiscard]] ByteClasses all() const {
    const __m128i folded = _mm_or_si128(classes_, _mm_srli_si128(classes_, 8));
    auto word = static_cast<uint64_t>(_mm_cvtsi128_si64(folded));
    word |= word >> 32;
    word |= word >> 16;
    word |= word >> 8;
    const ByteClasses high = _mm_movemask_epi8(bytes_) != 0 ? byte_class::kHigh : ByteClasses{0};
    return static_cast<ByteClasses>((word & 0xff) | high);
  }

 private:
  __m128i classes_ = _mm_setzero_si128();
  __m128i bytes_ = _mm_setzero_si128();
};

ByteClasses classes_in(__m128i bytes) {
  SeenClasses seen;
  seen.add(bytes);
  return seen.all();
}

__m128i load(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
void store(char* to, __m128i bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}

template <typename Word>
Word load_word(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(Word));
  return word;
}

template <typename Word>
void store_word(char* to, Word word) {
  std::memcpy(to, &word, sizeof(Word));
}

/// 1 to 15 bytes: two overlapping words hold them all and nothing else.
ByteClasses copy_and_classify_short(char* target, std::string_view text) {
  const size_t size = text.size();
  const char* const from = text.data();
  if (size >= 8) {
    const auto first = load_word<int64_t>(from);
    const auto last = load_word<int64_t>(from + size - 8);
    store_word(target, first);
    store_word(target + size - 8, last);
    return classes_in(_mm_set_epi64x(last, first));
  }
  if (size >= 4) {
    const auto first = load_word<int32_t>(from);
    const auto last = load_word<int32_t>(from + size - 4);
    store_word(target, first);
    store_word(target + size - 4, last);
    return classes_in(_mm_set_epi32(last, first, last, first));
  }
  ByteClasses classes = 0;
  for (size_t i = 0; i < size; ++i) {
    target[i] = from[i];
    classes |= kClassOf[static_cast<unsigned char>(from[i])];
  }
  return classes;
}
#endif

ByteClasses classify_bytewise(std::string_view text) {
  ByteClasses classes = 0;
  for (const char byte : text)
    classes |= kClassOf[static_cast<unsigned char>(byte)];
  return classes;
}

}  // namespace

#if defined(__SSSE3__)

ByteClasses classify(std::string_view text) {
  if (text.size() < 16) return classify_bytewise(text);
  SeenClasses seen;
  for (size_t at = 0; at + 16 <= text.size(); at += 16)
    seen.add(load(text.data() + at));
  // The last bytes once more, overlapping what was seen.
  seen.add(load(text.data() + text.size() - 16));
  return seen.all();
}

ByteClasses copy_and_classify(char* target, std::string_view text) {
  const size_t size = text.size();
  if (size < 16) return copy_and_classify_short(target, text);
  SeenClasses seen;
  for (size_t at = 0; at + 16 <= size; at += 16) {
    const __m128i bytes = load(text.data() + at);
    store(target + at, bytes);
    seen.add(bytes);
  }
  // The last bytes once more, overlapping what was seen.
  const __m128i bytes = load(text.data() + size - 16);
  store(target + size - 16, bytes);
  seen.add(bytes);
  return seen.all();
}

#else

ByteClasses classify(std::string_view text) {
  return classify_bytewise(text);
}

ByteClasses copy_and_classify(char* target, std::string_view text) {
  std::memcpy(target, text.data(), text.size());
  return classify_bytewise(text);
}

#endif

size_t find_quote_or_backslash(std::string_view text, size_t from) {
#if defined(__SSSE3__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  for (; from + 16 <= text.size(); from += 16) {
    const __m128i bytes = load(text.data() + from);
    const int found = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    if (found != 0) return from + static_cast<size_t>(std::countr_zero(static_cast<unsigned>(found)));
  }
#endif
  while (from < text.size() && text[from] != '"' && text[from] != '\\')
    ++from;
  return from;
}

bool has_double_space(std::string_view text) {
#if defined(__SSSE3__)
  if (text.size() > 16) {
    const auto spaces = [](const char* from) { return _mm_cmpeq_epi8(load(from), _mm_set1_epi8(' ')); };
    __m128i found = _mm_setzero_si128();
    size_t at = 1;
    for (; at + 16 <= text.size(); at += 16) {
      found = _mm_or_si128(found, _mm_and_si128(spaces(text.data() + at), spaces(text.data() + at - 1)));
    }
    at = text.size() - 16;
    found = _mm_or_si128(found, _mm_and_si128(spaces(text.data() + at), spaces(text.data() + at - 1)));
    return _mm_movemask_epi8(found) != 0;
  }
#endif
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == ' ' && text[at - 1] == ' ') return true;
  }
  return false;
}

#if defined(__SSSE3__)
namespace {

/// Bit i of a byte's entry in kPlainLow says whether high nibble i (0..7) with that low nibble is a plain byte.
constexpr NibbleTable make_plain_low_table() {
  NibbleTable low{};
  for (size_t byte = 0; byte < 128; ++byte) {
    if (kIsPlain[byte]) low[byte & 15] = static_cast<uint8_t>(low[byte & 15] | (1U << (byte >> 4)));
  }
  return low;
}

constexpr NibbleTable make_plain_high_table() {
  NibbleTable high{};
  for (size_t nibble = 0; nibble < 8; ++nibble)
    high[nibble] = static_cast<uint8_t>(1U << nibble);
  return high;
}

alignas(16) constexpr NibbleTable kPlainLow = make_plain_low_table();
alignas(16) constexpr NibbleTable kPlainHigh = make_plain_high_table();

/// The rules of is_plain_header_value for 16 bytes and, one offset to the left, the bytes before each of them.
bool are_plain(__m128i bytes, __m128i before) {
  const auto equals = [](__m128i lanes, char byte) { return _mm_cmpeq_epi8(lanes, _mm_set1_epi8(byte)); };
  const __m128i low_table = _mm_load_si128(reinterpret_cast<const __m128i*>(kPlainLow.data()));
  const __m128i high_table = _mm_load_si128(reinterpret_cast<const __m128i*>(kPlainHigh.data()));
  const __m128i nibble_mask = _mm_set1_epi8(0x0f);
  const __m128i low = _mm_shuffle_epi8(low_table, _mm_and_si128(bytes, nibble_mask));
  const __m128i high = _mm_shuffle_epi8(high_table, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble_mask));
  const __m128i not_allowed = _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
  const __m128i lone_space =
      _mm_andnot_si128(_mm_or_si128(equals(before, ','), equals(before, ';')), equals(bytes, ' '));
  const __m128i doubles = _mm_or_si128(equals(bytes, '.'), _mm_or_si128(equals(bytes, '*'), equals(bytes, '/')));
  const __m128i doubled = _mm_and_si128(_mm_cmpeq_epi8(bytes, before), doubles);
  return _mm_movemask_epi8(_mm_or_si128(not_allowed, _mm_or_si128(lone_space, doubled))) == 0;
}

}  // namespace
#endif

bool is_plain_header_value(std::string_view value) {
  char previous = 0;
  size_t at = 0;
#if defined(__SSSE3__)
  if (value.size() > 16) {
    // The first byte has none before it; the loop below looks at it.
    for (size_t from = 1; from + 16 <= value.size(); from += 16) {
      if (!are_plain(load(value.data() + from), load(value.data() + from - 1))) return false;
    }
    const size_t from = value.size() - 16;
    if (!are_plain(load(value.data() + from), load(value.data() + from - 1))) return false;
    value = value.substr(0, 1);
  }
#endif
  for (; at < value.size(); ++at) {
    const char byte = value[at];
    if (!kIsPlain[static_cast<unsigned char>(byte)]) return false;
    if (byte == ' ' && previous != ',' && previous != ';') return false;
    if (byte == previous && (byte == '.' || byte == '*' || byte == '/')) return false;
    previous = byte;
  }
  return true;
}

}  // namespace weir
