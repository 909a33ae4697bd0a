#include "detect/match/known_lines.h"

// Some dozen short texts are hashed a record: a call into the library would take as long as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace weir {

KnownLines::KnownLines(const LineSecret& secret)
    : secret_(secret), sets_(kSets), hits_(kSets * kWays), marks_(kMarks) {}

LineKey KnownLines::key_of(SecurityLevel level, Place place, std::string_view text, Evasive evasive,
                           uint16_t name_length) const {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // odd: another place or level is another key
  static_assert(static_cast<unsigned>(SecurityLevel::kStrict) < 4);
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret_.words.data(), sizeof secret_.words);
  static_assert(static_cast<unsigned>(Place::kCount) <= 32);
  const uint64_t kind = static_cast<uint64_t>(name_length) * 256 + static_cast<uint64_t>(place) * 8 +
                        static_cast<uint64_t>(level) * 2 + static_cast<uint64_t>(evasive);
  return {hash.low64 + kind * kSpread, hash.high64};
}

void KnownLines::note(const LineKey& key, std::span<const LineHit> hits) {
  uint16_t& mark = marks_[mark_of(key)];
  const auto fingerprint = static_cast<uint16_t>(key.high >> 48U | 1U);
  if (mark != fingerprint) {
    mark = fingerprint;
    return;
  }
  const size_t index = key.low % kSets;
  auto& keys = sets_[index].keys;
  size_t way = 0;
  while (way < kWays && (keys[way].high & kCountBits) != 0 && !is_same(keys[way], key))
    ++way;
  if (way == kWays) way = next_way_++ % kWays;
  keys[way] = {key.low, (key.high & ~kCountBits) | (hits.size() + 1)};
  std::copy(hits.begin(), hits.end(), hits_[index * kWays + way].begin());
}

}  // namespace weir
