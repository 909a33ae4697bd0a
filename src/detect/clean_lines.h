#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "decode/decoded_record.h"

namespace weir {

/// Remembers lines in which no pattern matched, so that they need no further scan: user agents, hosts and the headers of a
/// client repeat from request to request and are most of the text. Text is compared whole, so an answer is never wrong.
/// A fixed table (400 KiB); a line enters it when it is met for the second time, in place of the one before in its slot, so
/// that lines that never come again (request ids) push nothing out. Of one thread.
class CleanLines {
 public:
  CleanLines();

  /// Lines worth remembering: of a place whose text repeats, and short enough for a slot.
  static bool eligible(const Line& line);

  [[nodiscard]] bool holds(Place place, std::string_view text) const;
  /// Notes that the line is clean.
  void note(Place place, std::string_view text);
  void clear();

 private:
  static constexpr size_t kSlots = 2048;
  static constexpr size_t kMarks = 8192;
  static constexpr size_t kTextBytesMax = 188;
  struct Slot {
    uint16_t size = 0;  ///< 0: empty
    Place place = Place::kPath;
    std::array<char, kTextBytesMax> text;
  };

  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  std::unique_ptr<std::array<uint16_t, kMarks>> marks_;  ///< a part of the hash of lines met once
};

}  // namespace weir
