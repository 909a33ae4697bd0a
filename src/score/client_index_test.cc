#include "score/client_index.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/catch.h"

namespace weir {
namespace {

/// The hash whose tag this is: the factor's inverse undoes it.
uint64_t hash_of_tag(uint32_t tag) {
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
  uint64_t inverse = kFactor;  // Newton's steps double the right bits
  for (int i = 0; i < 6; ++i)
    inverse *= 2 - kFactor * inverse;
  return (uint64_t{tag} << 32 | 5) * inverse;
}

/// All slots under a hash.
std::set<ClientSlot> slots_of(const ClientIndex& index, uint64_t hash) {
  std::set<ClientSlot> slots;
  static_cast<void>(index.find(hash, [&](ClientSlot slot) {
    slots.insert(slot);
    return false;
  }));
  return slots;
}

}  // namespace

TEST_CASE("an index of clients finds who is in it and nobody else, through growth and gaps", "[score]") {
  // Few and crowded homes, some of them at the end of the table, where a search goes on at its front.
  std::vector<uint64_t> hashes;
  for (uint32_t i = 0; i < 300; ++i) {
    hashes.push_back(hash_of_tag(0xffffffffU - i % 7));
    hashes.push_back(hash_of_tag(i * 3));
    hashes.push_back(hash_of_tag(i * 0x00d00000U));
  }
  ClientIndex index;
  std::map<uint64_t, std::set<ClientSlot>> model;
  std::mt19937 random(1);
  ClientSlot next = 0;
  size_t size = 0, differences = 0;
  for (int step = 0; step < 30'000; ++step) {
    const uint64_t hash = hashes[random() % hashes.size()];
    auto& slots = model[hash];
    const bool grows = step % 10'000 < 5'000;
    if (slots.empty() || (slots.size() < 4 && random() % 4 < (grows ? 3U : 1U))) {
      index.insert(hash, next);
      slots.insert(next++);
      ++size;
    } else {
      const ClientSlot leaving = *slots.begin();
      index.erase(hash, leaving);
      slots.erase(leaving);
      --size;
    }
    const uint64_t asked = hashes[random() % hashes.size()];
    const auto found = slots_of(index, asked);
    const auto wanted = model.find(asked);
    if (wanted == model.end() ? !found.empty() : found != wanted->second) ++differences;
    if (index.size() != size || (index.guess(hash) == kNoClient) != slots.empty()) ++differences;
  }
  CHECK(differences == 0);
}

TEST_CASE("an index of clients takes at most a third more cells than it needs, doubled", "[score]") {
  ClientIndex index;
  CHECK(index.bytes() == 0);
  CHECK(index.guess(7) == kNoClient);
  constexpr size_t kCellBytes = 8, kLeastCells = 64;
  size_t most_excess = 0;
  for (uint32_t i = 0; i < 100'000; ++i) {
    index.insert((i + 1) * 0x2545f4914f6cdd1dULL, i);
    const size_t cells = index.bytes() / kCellBytes, needed = std::max(index.size() * 4 / 3, kLeastCells);
    most_excess = std::max(most_excess, cells / needed);
  }
  CHECK(most_excess < 2);
  CHECK(index.bytes() == kCellBytes << 18);
  index.clear();
  CHECK(index.bytes() == 0);
  CHECK(index.guess(0x2545f4914f6cdd1dULL) == kNoClient);
}

}  // namespace weir
