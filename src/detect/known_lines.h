#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "decode/decoded_record.h"
#include "rules/category.h"

namespace weir {

/// An atom that matched in a line, and where its first match there ends.
struct LineHit {
  uint32_t atom = 0;
  uint32_t end = 0;  ///< offset into the line
};

/// Remembers what matched in a line, so that the same line need not be scanned again: user agents, referers, hosts and headers
/// repeat from request to request and are most of the text. Text is compared whole, so an answer is never wrong.
/// A fixed table (480 KiB); a line enters it when it is met for the second time, in place of the one before in its slot, so
/// that lines that never come again (request ids) push nothing out. Of one thread.
class KnownLines {
 public:
  /// Lines with more hits than this are not remembered.
  static constexpr size_t kHitsMax = 4;

  KnownLines();

  /// Lines worth remembering: of a place whose text repeats, and short enough for a slot.
  static bool eligible(const Line& line);

  /// True if the line is known at this level; then `hits` is what matched in it, valid until the next note().
  bool find(SecurityLevel level, Place place, std::string_view text, std::span<const LineHit>& hits) const;
  void note(SecurityLevel level, Place place, std::string_view text, std::span<const LineHit> hits);
  void clear();

 private:
  static constexpr size_t kSlots = 2048;
  static constexpr size_t kMarks = 8192;
  static constexpr size_t kTextBytesMax = 196;
  struct Slot {
    uint8_t size = 0;  ///< 0: empty
    SecurityLevel level = SecurityLevel::kStandard;
    Place place = Place::kPath;
    uint8_t hit_count = 0;
    std::array<LineHit, kHitsMax> hits;
    std::array<char, kTextBytesMax> text;
  };

  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  std::unique_ptr<std::array<uint16_t, kMarks>> marks_;  ///< a part of the hash of lines met once
};

}  // namespace weir
