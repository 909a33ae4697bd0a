#include "base/siphash.h"

#include <bit>
#include <cstring>

namespace weir {
namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }

  void absorb(uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

template <typename Word>
uint64_t load_little_endian(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) {
    return __builtin_bswap64(word) >> (64 - 8 * sizeof word);
  } else {
    return word;
  }
}

/// The bytes behind the last whole word. Loads of fixed sizes: one of as many bytes as there are would be a call.
uint64_t load_tail(std::string_view bytes) {
  const size_t size = bytes.size(), count = size % 8;
  if (count == 0) return 0;
  const char* const end = bytes.data() + size;
  if (size > 8) return load_little_endian<uint64_t>(end - 8) >> (64 - 8 * count);
  if (count >= 4)
    return load_little_endian<uint32_t>(bytes.data()) | load_little_endian<uint32_t>(end - 4) << (8 * count - 32);
  return load_little_endian<uint8_t>(bytes.data()) |
         load_little_endian<uint8_t>(bytes.data() + count / 2) << (count / 2 * 8) |
         load_little_endian<uint8_t>(end - 1) << (8 * count - 8);
}

}  // namespace

uint64_t siphash(const SipHashKey& key, std::string_view bytes) {
  // The four constants are the ASCII of "somepseudorandomlygeneratedbytes", as the paper specifies.
  State state{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
              key[1] ^ 0x7465646279746573ULL};
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t i = 0; i < whole; i += 8)
    state.absorb(load_little_endian<uint64_t>(bytes.data() + i));
  const uint64_t tail = load_tail(bytes);
  state.absorb(tail | static_cast<uint64_t>(bytes.size()) << 56);
  state.v2 ^= 0xff;
  state.rounds(4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

SipHashKey siphash_key_from(std::string_view secret) {
  // Two differently keyed passes give two independent halves; the constants only separate the passes.
  return {siphash({0x77656972, 1}, secret), siphash({0x77656972, 2}, secret)};
}

}  // namespace weir
