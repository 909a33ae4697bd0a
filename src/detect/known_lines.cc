#include "detect/known_lines.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

constexpr PlaceMask kRepeatingPlaces = mask_of(Place::kPath) | mask_of(Place::kHost) | mask_of(Place::kUserAgent) |
                                       mask_of(Place::kReferer) | mask_of(Place::kHeader) |
                                       mask_of(Place::kRawUserAgent) | mask_of(Place::kRawReferer);

// The hash only picks a slot; lines that collide cost no more than their own scans.
uint64_t hash_of(SecurityLevel level, Place place, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(),
                              static_cast<uint64_t>(place) * 4 + static_cast<uint64_t>(level));
}

}  // namespace

KnownLines::KnownLines()
    : slots_(std::make_unique<std::array<Slot, kSlots>>()), marks_(std::make_unique<std::array<uint16_t, kMarks>>()) {}

bool KnownLines::eligible(const Line& line) {
  const size_t size = line.end - line.begin;
  return (mask_of(line.place) & kRepeatingPlaces) != 0 && size > 0 && size <= kTextBytesMax;
}

bool KnownLines::find(SecurityLevel level, Place place, std::string_view text, std::span<const LineHit>& hits) const {
  const Slot& slot = (*slots_)[hash_of(level, place, text) % kSlots];
  if (slot.size != text.size() || slot.level != level || slot.place != place ||
      std::memcmp(slot.text.data(), text.data(), text.size()) != 0)
    return false;
  hits = {slot.hits.data(), slot.hit_count};
  return true;
}

void KnownLines::note(SecurityLevel level, Place place, std::string_view text, std::span<const LineHit> hits) {
  const uint64_t hash = hash_of(level, place, text);
  uint16_t& mark = (*marks_)[hash % kMarks];
  const auto fingerprint = static_cast<uint16_t>(hash >> 48U | 1U);
  if (mark != fingerprint) {
    mark = fingerprint;
    return;
  }
  Slot& slot = (*slots_)[hash % kSlots];
  static_assert(kTextBytesMax <= 0xff);
  slot.size = static_cast<uint8_t>(text.size());
  slot.level = level;
  slot.place = place;
  slot.hit_count = static_cast<uint8_t>(hits.size());
  std::copy(hits.begin(), hits.end(), slot.hits.begin());
  std::memcpy(slot.text.data(), text.data(), text.size());
}

void KnownLines::clear() {
  for (auto& slot : *slots_)
    slot.size = 0;
}

}  // namespace weir
