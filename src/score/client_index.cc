#include "score/client_index.h"

#include <utility>

#include "base/assert.h"

namespace weir {

void ClientIndex::clear() {
  cells_ = Cells();  // an assignment of {} would keep the memory
  bits_ = 0;
  size_ = 0;
}

void ClientIndex::put(const Cell& cell) {
  size_t at = home_of(cell.tag);
  while (cells_[at].slot != kNoClient)
    at = (at + 1) & mask();
  cells_[at] = cell;
}

void ClientIndex::grow() {
  const Cells old = std::exchange(cells_, {});
  bits_ = old.empty() ? kBitsMin : bits_ + 1;
  WEIR_ASSERT(bits_ < 32, "a table of clients has fewer slots");
  cells_.resize(size_t{1} << bits_);
  for (const Cell& cell : old)
    if (cell.slot != kNoClient) put(cell);
}

void ClientIndex::insert(uint64_t hash, ClientSlot slot) {
  if (size_ + 1 > cells_.size() / 4 * 3) grow();
  put({tag_of(hash), slot});
  ++size_;
}

void ClientIndex::erase(uint64_t hash, ClientSlot slot) {
  WEIR_ASSERT(size_ > 0, "every client in the slab is in the index");
  size_t gap = home_of(tag_of(hash));
  while (cells_[gap].slot != slot) {
    WEIR_ASSERT(cells_[gap].slot != kNoClient, "every client in the slab is in the index");
    gap = (gap + 1) & mask();
  }
  // Whoever stands behind only because the cell was taken moves up, so that searches still reach them.
  for (size_t at = (gap + 1) & mask(); cells_[at].slot != kNoClient; at = (at + 1) & mask()) {
    const size_t from_home = (at - home_of(cells_[at].tag)) & mask();
    if (from_home < ((at - gap) & mask())) continue;  // its home lies behind the gap
    cells_[gap] = cells_[at];
    gap = at;
  }
  cells_[gap] = Cell{};
  --size_;
}

}  // namespace weir
