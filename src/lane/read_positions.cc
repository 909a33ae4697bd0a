#include "lane/read_positions.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

void ReadPositions::carry_over(AssignedPartition& partition) const {
  for (const Carried& one : carried_) {
    const bool same = one.done.topic == partition.topic && one.done.partition == partition.partition;
    // Nobody else committed meanwhile: what was done stays done.
    if (same && one.committed == partition.committed) partition.committed = one.done.offset;
  }
}

void ReadPositions::assign(std::span<const AssignedPartition> partitions, std::span<const int64_t> committed) {
  WEIR_ASSERT(partitions.size() == committed.size(), "each assigned partition has a committed offset, or none");
  clear();
  carried_.clear();
  for (size_t i = 0; i < partitions.size(); ++i) {
    const AssignedPartition& from = partitions[i];
    ReadPosition position;
    position.topic = from.topic;
    position.partition = from.partition;
    position.expected = position.done = from.start;
    position.committed = committed[i];
    position.low = from.low;
    position.read = from.start > committed[i];
    positions_.push_back(position);
  }
}

void ReadPositions::clear() {
  positions_.clear();
  last_found_ = 0;
}

void ReadPositions::clear_and_carry() {
  carried_.clear();
  for (const ReadPosition& one : positions_) {
    if (!one.read || one.done <= one.committed) continue;
    carried_.push_back({{one.topic, one.partition, one.done}, one.committed});
  }
  clear();
}

ReadPosition* ReadPositions::find(uint16_t topic, int32_t partition) {
  const auto is_it = [&](const ReadPosition& one) { return one.partition == partition && one.topic == topic; };
  if (last_found_ < positions_.size() && is_it(positions_[last_found_])) return &positions_[last_found_];
  const auto found = std::find_if(positions_.begin(), positions_.end(), is_it);
  if (found == positions_.end()) return nullptr;
  last_found_ = static_cast<size_t>(found - positions_.begin());
  return &*found;
}

ReadPositions::Arrival ReadPositions::arrival(const ReadPosition& position, int64_t offset) {
  if (position.expected == PartitionOffset::kUnknown || offset == position.expected) return Arrival::kNext;
  return offset > position.expected ? Arrival::kAfterGap : Arrival::kStale;
}

void ReadPositions::hand_out(ReadPosition& position, int64_t offset) {
  position.expected = offset + 1;
  position.seen = std::max(position.seen, position.expected);
  position.read = true;
}

void ReadPositions::batch_done() {
  for (ReadPosition& one : positions_)
    one.done = one.expected;
}

void ReadPositions::hold_back(const PartitionOffset& from) {
  ReadPosition* position = find(from.topic, from.partition);
  if (position == nullptr) return;
  WEIR_ASSERT(from.offset >= position->done && from.offset <= position->expected,
              "only what was handed out is held back");
  position->expected = from.offset;
  position->held = true;
}

void ReadPositions::give_up_batch() {
  for (ReadPosition& one : positions_)
    one.expected = one.done;
}

std::span<const PartitionOffset> ReadPositions::uncommitted() {
  uncommitted_.clear();
  for (const ReadPosition& one : positions_) {
    if (one.read && one.done > one.committed) uncommitted_.push_back({one.topic, one.partition, one.done});
  }
  return uncommitted_;
}

void ReadPositions::mark_committed(std::span<const PartitionOffset> offsets) {
  for (const PartitionOffset& offset : offsets) {
    if (ReadPosition* position = find(offset.topic, offset.partition)) position->committed = offset.offset;
  }
}

std::vector<PartitionOffset> ReadPositions::rewind() {
  std::vector<PartitionOffset> moved;
  for (ReadPosition& one : positions_) {
    if (one.expected == one.committed && !one.held) continue;
    moved.push_back({one.topic, one.partition, one.committed});
    one.expected = one.done = one.committed;
    one.end = one.high = one.seen = PartitionOffset::kUnknown;
    one.held = false;
  }
  return moved;
}

void ReadPositions::seek(const PartitionOffset& target) {
  ReadPosition* position = find(target.topic, target.partition);
  if (position == nullptr) return;
  position->expected = position->done = target.offset;
  position->end = position->high = position->seen = PartitionOffset::kUnknown;
  position->held = false;
}

bool ReadPositions::exhausted(int32_t partition, int64_t until) const {
  return std::any_of(positions_.begin(), positions_.end(), [&](const ReadPosition& one) {
    return one.partition == partition && (one.end >= until || one.expected >= until);
  });
}

}  // namespace weir
