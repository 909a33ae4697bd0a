#include "lane/read_positions.h"

#include <algorithm>

#include "base/assert.h"

namespace weir {

void ReadPositions::carry_over(AssignedPartition& partition) const {
  for (const Carried& carried : carried_) {
    const bool same = carried.done.topic == partition.topic && carried.done.partition == partition.partition;
    // Nobody else committed meanwhile: what was done stays done.
    if (same && carried.committed == partition.committed) partition.committed = carried.done.offset;
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
  for (const ReadPosition& position : positions_) {
    if (!position.read || position.done <= position.committed) continue;
    carried_.push_back({{position.topic, position.partition, position.done}, position.committed});
  }
  clear();
}

ReadPosition* ReadPositions::find(uint16_t topic, int32_t partition) {
  const auto is_it = [&](const ReadPosition& position) {
    return position.partition == partition && position.topic == topic;
  };
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

void ReadPositions::end_at(std::span<const PartitionOffset> ends) {
  for (const PartitionOffset& end : ends) {
    if (ReadPosition* position = find(end.topic, end.partition)) position->asked_end = end.offset;
  }
}

void ReadPositions::batch_done() {
  for (ReadPosition& position : positions_)
    position.done = position.expected;
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
  for (ReadPosition& position : positions_)
    position.expected = position.done;
}

std::span<const PartitionOffset> ReadPositions::uncommitted() {
  uncommitted_.clear();
  for (const ReadPosition& position : positions_) {
    if (position.read && position.done > position.committed)
      uncommitted_.push_back({position.topic, position.partition, position.done});
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
  for (ReadPosition& position : positions_) {
    if (position.expected == position.committed && !position.held) continue;
    moved.push_back({position.topic, position.partition, position.committed});
    position.expected = position.done = position.committed;
    position.end = position.high = position.seen = PartitionOffset::kUnknown;
    position.held = false;
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
  return std::any_of(positions_.begin(), positions_.end(), [&](const ReadPosition& position) {
    return position.partition == partition && (position.end >= until || position.expected >= until);
  });
}

}  // namespace weir
