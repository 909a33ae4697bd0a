#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "workbench/draft/clue.h"

namespace weir {

using ClueMask = uint64_t;  ///< bit i = clue i
static_assert(kCluesMax <= 64);

/// Which clues ordinary records hold, too.
class NeighbourCounts {
 public:
  /// `place` is where the record stands, for messages; kept of the first of its kind.
  void add(ClueMask held, const std::string& place);

  [[nodiscard]] uint64_t records() const { return records_; }
  /// Records that hold all of these.
  [[nodiscard]] uint64_t holding(ClueMask clues) const;
  /// Where the first such record stands; empty: there is none.
  [[nodiscard]] std::string first_holding(ClueMask clues) const;

 private:
  template <typename Function>
  void for_each_holding(ClueMask clues, Function function) const {
    for (const auto& [held, kind] : kinds_)
      if ((held & clues) == clues) function(kind);
    if (rest_.records > 0 && (rest_held_ & clues) == clues) function(rest_);
  }

  struct Kind {
    uint64_t records = 0, first = 0;
    std::string place;
  };
  /// Further kinds are taken together, as if each of their records held what any of them does: that can only make a choice more careful.
  static constexpr size_t kKindsMax = 1 << 16;

  uint64_t records_ = 0;
  std::map<ClueMask, Kind> kinds_;
  ClueMask rest_held_ = 0;
  Kind rest_;
};

/// What a rule looks for: all of these clues in one request.
struct ClueChoice {
  std::vector<size_t> clues;
  uint64_t neighbours =
      0;  ///< that hold them all, too: where it is not 0, no clues tell the records from ordinary ones

  [[nodiscard]] ClueMask mask() const;
};

/// The first single clue that no neighbour holds, or else at most four that none holds together, or else those that the fewest do.
/// `clues` in the order of find_clues(), not empty.
ClueChoice choose_clues(const std::vector<Clue>& clues, const NeighbourCounts& neighbours);

}  // namespace weir
