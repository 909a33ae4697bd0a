#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/prefetch.h"
#include "decode/decoded_record.h"
#include "detect/match/line_secret.h"
#include "rules/category.h"

namespace weir {

/// An atom that matched in a line, and where its first match there ends.
struct LineHit {
  uint32_t atom = 0;
  uint32_t end = 0;  ///< offset into the line
};

/// A line as it is remembered: a hash of its text that nobody outside can foresee, so that no text can be made that passes for
/// another one's.
struct LineKey {
  uint64_t low = 0, high = 0;
};

/// Remembers what matched in a line, so that the same line need not be scanned again: user agents, referers, hosts and headers
/// repeat from request to request and are most of the text, and so do the parameters of a flood of attacks, which are what is
/// scanned longest. Lines are told apart by 124 bits of a hash with a secret; the texts themselves would take most of a core's
/// cache (docs/adr/0019-known-lines.md).
/// A fixed table (1.1 MiB, of which 128 KiB are looked through); a line enters it when it is met for the second time, in place
/// of another, so that lines that never come again (request ids) push nothing out. Of one thread.
class KnownLines {
 public:
  /// Lines with more hits than this are not remembered.
  static constexpr size_t kHitsMax = 14;

  explicit KnownLines(const LineSecret& secret);

  /// Lines worth remembering: of a place whose text repeats, and not long. What is made of another line for patterns that ask for
  /// line breaks is looked at in its own way.
  static bool eligible(const Line& line) {
    const size_t size = line.end - line.begin;
    return (mask_of(line.place) & kRepeatingPlaces) != 0 && size > 0 && size <= kTextBytesMax &&
           !has(line.steps, DecodeStep::kLineBreaks);
  }

  /// Whether the record shows an evasion that patterns wait for, so that more of them are looked for.
  enum class Evasive : uint8_t { kNo, kYes };

  /// `name_length`: where the text's value begins, which is what tokenizers read.
  [[nodiscard]] LineKey key_of(SecurityLevel level, Place place, std::string_view text, Evasive evasive = Evasive::kNo,
                               uint16_t name_length = 0) const;
  /// Lets what find() and note() look at come into the cache: a miss for nearly each line otherwise.
  void prefetch(const LineKey& key) const { prefetch_to_read(&sets_[key.low % kSets]); }
  void prefetch_mark(const LineKey& key) const { prefetch_to_write(&marks_[mark_of(key)]); }
  /// True if the line is known; then `hits` is what matched in it, valid until the next note().
  bool find(const LineKey& key, std::span<const LineHit>& hits) const {
    const size_t index = key.low % kSets;
    const Set& set = sets_[index];
    for (size_t way = 0; way < kWays; ++way) {
      if (!is_same(set.keys[way], key)) continue;
      hits = {hits_[index * kWays + way].data(), (set.keys[way].high & kCountBits) - 1};
      return true;
    }
    return false;
  }
  void note(const LineKey& key, std::span<const LineHit> hits);

 private:
  static constexpr size_t kSets = 2048, kWays = 4;
  static constexpr size_t kMarks = 32'768;
  static constexpr size_t kTextBytesMax = 240;  // up to there the hash is at its fastest
  static constexpr PlaceMask kRepeatingPlaces =
      kParameterPlaces | mask_of(Place::kPath) | mask_of(Place::kHost) | mask_of(Place::kUserAgent) |
      mask_of(Place::kReferer) | mask_of(Place::kHeader) | mask_of(Place::kRawUserAgent) | mask_of(Place::kRawReferer);
  /// The lowest bits of `high` hold the number of hits and one more; 0: empty.
  static constexpr uint64_t kCountBits = 15;
  static_assert(kHitsMax + 1 <= kCountBits);
  struct alignas(64) Set {
    std::array<LineKey, kWays> keys;
  };
  using Hits = std::array<LineHit, kHitsMax>;

  static size_t mark_of(const LineKey& key) { return (key.low >> 16U) % kMarks; }
  static bool is_same(const LineKey& slot, const LineKey& key) {
    return slot.low == key.low && ((slot.high ^ key.high) & ~kCountBits) == 0 && (slot.high & kCountBits) != 0;
  }

  LineSecret secret_;
  std::vector<Set> sets_;
  std::vector<Hits> hits_;       ///< by set and way
  std::vector<uint16_t> marks_;  ///< a part of the key of lines met once
  size_t next_way_ = 0;
};

}  // namespace weir
