#include "workbench/draft/clue_choice.h"

#include <algorithm>
#include <optional>

namespace weir {
namespace {

constexpr size_t kTogetherMax = 4;

ClueMask bit_of(size_t clue) {
  return ClueMask{1} << clue;
}

/// One after the other the clue that leaves the fewest neighbours. A word in place of the same text is no second clue.
ClueChoice several(const std::vector<Clue>& clues, const NeighbourCounts& neighbours) {
  ClueChoice choice;
  choice.neighbours = neighbours.records();
  while (choice.neighbours > 0 && choice.clues.size() < kTogetherMax) {
    std::optional<size_t> best;
    uint64_t fewest = choice.neighbours;
    for (size_t i = 0; i < clues.size(); ++i) {
      if (clues[i].as_word) continue;
      const uint64_t left = neighbours.holding(choice.mask() | bit_of(i));
      if (left >= fewest) continue;
      fewest = left;
      best = i;
    }
    if (!best) break;
    choice.clues.push_back(*best);
    choice.neighbours = fewest;
  }
  std::sort(choice.clues.begin(), choice.clues.end());
  return choice;
}

}  // namespace

void NeighbourCounts::add(ClueMask held, const std::string& place) {
  const bool has_room = kinds_.size() < kKindsMax || kinds_.contains(held);
  if (!has_room) rest_held_ |= held;
  Kind& kind = has_room ? kinds_[held] : rest_;
  if (kind.records++ == 0) {
    kind.first = records_;
    kind.place = place;
  }
  ++records_;
}

uint64_t NeighbourCounts::holding(ClueMask clues) const {
  uint64_t count = 0;
  for_each_holding(clues, [&](const Kind& kind) { count += kind.records; });
  return count;
}

std::string NeighbourCounts::first_holding(ClueMask clues) const {
  const Kind* first = nullptr;
  for_each_holding(clues, [&](const Kind& kind) {
    if (first == nullptr || kind.first < first->first) first = &kind;
  });
  return first == nullptr ? std::string() : first->place;
}

ClueMask ClueChoice::mask() const {
  ClueMask mask = 0;
  for (const size_t clue : clues)
    mask |= bit_of(clue);
  return mask;
}

ClueChoice choose_clues(const std::vector<Clue>& clues, const NeighbourCounts& neighbours) {
  const auto alone = [&](bool as_word) -> std::optional<size_t> {
    for (size_t i = 0; i < clues.size(); ++i)
      if (clues[i].as_word == as_word && neighbours.holding(bit_of(i)) == 0) return i;
    return std::nullopt;
  };
  if (const auto text = alone(false)) return {{*text}, 0};
  ClueChoice together = several(clues, neighbours);
  if (together.neighbours == 0 && !together.clues.empty()) return together;
  if (const auto word = alone(true)) return {{*word}, 0};
  if (together.clues.empty()) return {{0}, neighbours.holding(bit_of(0))};
  return together;
}

}  // namespace weir
