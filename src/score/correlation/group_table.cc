#include "score/correlation/group_table.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/assert.h"
#include "base/prefetch.h"

namespace weir {
namespace {

constexpr int kGroupEvictionTries = 8;  // bounds the search for a group to evict
constexpr int kEvictedAtOnce = 16;      // of one correlation, before it is looked again which has the most

}  // namespace

GroupTable::GroupTable(uint32_t chunk_count)
    : chunks_(chunk_count), chunk_bits_(static_cast<uint32_t>(std::bit_width(chunk_count) - 1)) {
  WEIR_ASSERT(std::has_single_bit(chunk_count), "chunks are found by bits of the hash");
}

uint32_t GroupTable::chunk_of(uint64_t group_hash) const {
  // The partition is a function of the hash, so its low bits are not evenly spread within one.
  const uint64_t mixed = group_hash * 0x9e3779b97f4a7c15ULL;
  return chunk_bits_ == 0 ? 0 : static_cast<uint32_t>(mixed >> (64 - chunk_bits_));
}

uint64_t GroupTable::key_of(uint64_t group_hash, const CorrelationDefinition& definition) {
  const uint64_t mixed = (group_hash ^ std::rotl(definition.hash, 32)) * 0x9e3779b97f4a7c15ULL;
  return mixed ^ (mixed >> 32);
}

void GroupTable::clear() {
  chunks_.assign(chunks_.size(), {});
  pages_.clear();
  nodes_.clear();
  free_.clear();
  index_.clear();
  bytes_ = 0;
}

void GroupTable::prefetch_index(uint64_t key, uint32_t chunk, uint32_t number) const {
  index_.prefetch(key);
  const auto& queues = chunks_[chunk].queues;
  if (number < queues.size()) prefetch_to_write(&queues[number]);
}

void GroupTable::prefetch(GroupSlot slot) const {
  constexpr size_t kLine = 64;
  prefetch_to_write(&nodes_[slot]);
  const auto* bytes = reinterpret_cast<const char*>(&at(slot));
  for (size_t i = 0; i < sizeof(CorrelationGroup); i += kLine)
    prefetch_to_write(bytes + i);
}

GroupSlot GroupTable::add(const CorrelationDefinition& definition, uint32_t number, uint64_t group_hash,
                          uint64_t sequence) {
  GroupSlot slot = 0;
  if (free_.empty()) {
    slot = static_cast<GroupSlot>(nodes_.size());
    nodes_.emplace_back();
    if (slot / kPageGroups == pages_.size()) pages_.push_back(std::make_unique<CorrelationGroup[]>(kPageGroups));
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  CorrelationGroup& group = at(slot);
  group.definition = &definition;
  group.hash = group_hash;
  group.chunk = chunk_of(group_hash);
  Node& node = nodes_[slot];
  node = {};
  node.key = key_of(group_hash, definition);
  node.chunk = group.chunk;
  node.sequence = sequence;
  node.number = number;
  auto& queues = chunks_[group.chunk].queues;
  if (number >= queues.size()) queues.resize(number + size_t{1});
  queues[number].definition = definition.hash;
  index_.emplace(node.key, slot);
  append(slot);
  return slot;
}

void GroupTable::remove(GroupSlot slot) {
  if (nodes_[slot].queued) take_out(slot);
  index_.erase(nodes_[slot].key);
  at(slot) = CorrelationGroup{};
  nodes_[slot] = {};
  free_.push_back(slot);
}

void GroupTable::append(GroupSlot slot) {
  Node& node = nodes_[slot];
  Queue& queue = queue_of(node);
  node.previous = queue.back;
  node.next = kNoGroup;
  node.touched = false;
  node.queued = true;
  if (queue.back != kNoGroup) nodes_[queue.back].next = slot;
  queue.back = slot;
  if (queue.front == kNoGroup) queue.front = slot;
}

void GroupTable::unlink(GroupSlot slot) {
  Node& node = nodes_[slot];
  Queue& queue = queue_of(node);
  (node.previous == kNoGroup ? queue.front : nodes_[node.previous].next) = node.next;
  (node.next == kNoGroup ? queue.back : nodes_[node.next].previous) = node.previous;
  node.queued = false;
}

/// Out of the queue and of the accounts.
void GroupTable::take_out(GroupSlot slot) {
  unlink(slot);
  account(slot, 0);
}

void GroupTable::account(GroupSlot slot, uint64_t bytes) {
  Node& node = nodes_[slot];
  bytes = std::min<uint64_t>(bytes, std::numeric_limits<uint32_t>::max());
  if (bytes == node.bytes) return;
  const uint64_t added = bytes - node.bytes;  // modulo 2^64
  chunks_[node.chunk].bytes += added;
  queue_of(node).bytes += added;
  bytes_ += added;
  node.bytes = static_cast<uint32_t>(bytes);
}

/// Null if the chunk is empty. On equal bytes the least hash decides: numbers differ after a restore.
GroupTable::Queue* GroupTable::largest_queue(Chunk& chunk) {
  Queue* largest = nullptr;
  for (Queue& queue : chunk.queues) {
    if (queue.front == kNoGroup || (largest != nullptr && queue.bytes < largest->bytes)) continue;
    if (largest == nullptr || queue.bytes > largest->bytes || queue.definition < largest->definition) largest = &queue;
  }
  return largest;
}

void GroupTable::choose_victims(uint32_t number, uint64_t bytes_max, GroupSlot keep, std::vector<GroupSlot>& victims) {
  Chunk& chunk = chunks_[number];
  while (chunk.bytes > bytes_max) {
    Queue* queue = largest_queue(chunk);
    if (queue == nullptr) return;
    for (int i = 0; i < kEvictedAtOnce && chunk.bytes > bytes_max && queue->front != kNoGroup; ++i) {
      const GroupSlot slot = least_telling(*queue, keep);
      if (slot == kNoGroup) return;  // nothing but the group at hand
      take_out(slot);
      victims.push_back(slot);
    }
  }
}

GroupSlot GroupTable::least_telling(Queue& queue, GroupSlot keep) {
  for (int chances = kGroupEvictionTries; chances > 0; --chances) {
    const GroupSlot slot = queue.front;
    if (slot != keep && !nodes_[slot].touched && !nodes_[slot].episode_open) return slot;
    unlink(slot);
    append(slot);
  }
  return queue.front != keep ? queue.front : nodes_[keep].next;
}

std::vector<std::vector<GroupSlot>> GroupTable::queues_of(uint32_t chunk) const {
  std::vector<const Queue*> used;
  for (const Queue& queue : chunks_[chunk].queues)
    if (queue.front != kNoGroup) used.push_back(&queue);
  std::sort(used.begin(), used.end(), [&](const Queue* a, const Queue* b) { return a->definition < b->definition; });
  std::vector<std::vector<GroupSlot>> queues;
  for (const Queue* queue : used) {
    auto& slots = queues.emplace_back();
    for (GroupSlot slot = queue->front; slot != kNoGroup; slot = nodes_[slot].next)
      slots.push_back(slot);
  }
  return queues;
}

}  // namespace weir
