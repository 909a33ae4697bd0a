#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory/huge_pages.h"
#include "base/prefetch.h"

namespace weir {

/// Index of a client's place in the table; stable while the client is in it.
using ClientSlot = uint32_t;
inline constexpr ClientSlot kNoClient = 0xffffffff;

/// From a client's hash to its slot: open addressing with linear probing over cells of 8 bytes, at most three quarters of them
/// taken. A cell's home is the upper bits of its tag, so that growing goes once through the old cells and the new ones in order,
/// and reads no client. Several clients may have one hash. Not thread-safe (docs/adr/0044-client-index.md).
class ClientIndex {
 public:
  /// The upper half of the hash times 2^64 / golden ratio (Fibonacci hashing), which depends on all bits of the hash: the
  /// partition is a function of it, so that within one partition its bits are not evenly spread.
  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>((hash * 0x9e3779b97f4a7c15ULL) >> 32); }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t bytes() const { return cells_.capacity() * sizeof(Cell); }
  void clear();

  /// Starts loading the cells that a search for this hash reads.
  void prefetch(uint64_t hash) const {
    if (cells_.empty()) return;
    const size_t home = home_of(tag_of(hash));
    prefetch_to_read(&cells_[home]);
    if (home % kLineCells > kLineCells - kProbed) prefetch_to_read(&cells_[(home + kProbed - 1) & mask()]);
  }

  /// The first slot that is very likely of this hash, without asking anybody. Or kNoClient.
  [[nodiscard]] ClientSlot guess(uint64_t hash) const {
    return find(hash, [](ClientSlot) { return true; });
  }

  /// The slot under this hash of which `is_wanted(slot)` holds, or kNoClient.
  template <typename IsWanted>
  [[nodiscard]] ClientSlot find(uint64_t hash, const IsWanted& is_wanted) const {
    if (cells_.empty()) return kNoClient;
    const uint32_t tag = tag_of(hash);
    for (size_t at = home_of(tag); cells_[at].slot != kNoClient; at = (at + 1) & mask())
      if (cells_[at].tag == tag && is_wanted(cells_[at].slot)) return cells_[at].slot;
    return kNoClient;
  }

  void insert(uint64_t hash, ClientSlot slot);
  /// A slot that was inserted under this hash.
  void erase(uint64_t hash, ClientSlot slot);

 private:
  struct Cell {
    uint32_t tag = 0;
    ClientSlot slot = kNoClient;  ///< none: the cell is free
  };
  static_assert(sizeof(Cell) == 8);
  using Cells = std::vector<Cell, HugePageAllocator<Cell>>;

  static constexpr size_t kLineCells = 64 / sizeof(Cell);
  static constexpr size_t kProbed = 3;  // cells, by nearly all searches
  static constexpr uint32_t kBitsMin = 6;

  [[nodiscard]] size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] size_t home_of(uint32_t tag) const { return tag >> (32 - bits_); }
  void put(const Cell& cell);
  void grow();

  Cells cells_;        ///< as many as a power of two, or none
  uint32_t bits_ = 0;  ///< of it
  size_t size_ = 0;
};

}  // namespace weir
