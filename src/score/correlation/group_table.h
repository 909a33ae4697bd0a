#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "score/correlation/correlation_group.h"

namespace weir {

/// The groups of one partition: an index by key over a slab that grows by pages, and what decides which has to go when memory
/// is short. That stands apart from the groups themselves, in nodes of a few words, since most of a million groups lie in no
/// cache. Groups are divided into chunks by their hash, and within a chunk into queues, one for each definition. Not thread-safe.
class GroupTable {
 public:
  explicit GroupTable(uint32_t chunk_count);

  [[nodiscard]] uint32_t chunk_count() const { return static_cast<uint32_t>(chunks_.size()); }
  [[nodiscard]] uint32_t chunk_of(uint64_t group_hash) const;
  /// Of a group of a definition.
  static uint64_t key_of(uint64_t group_hash, const CorrelationDefinition& definition);

  void clear();

  [[nodiscard]] GroupSlot find(uint64_t key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? kNoGroup : found->second;
  }
  /// Adds a group that find() did not find, at the back of its queue. `number`: the definition's, small. `sequence`: of
  /// creation, ascending within a chunk.
  GroupSlot add(const CorrelationDefinition& definition, uint32_t number, uint64_t group_hash, uint64_t sequence);
  void remove(GroupSlot slot);

  [[nodiscard]] CorrelationGroup& at(GroupSlot slot) { return pages_[slot / kPageGroups][slot % kPageGroups]; }
  [[nodiscard]] const CorrelationGroup& at(GroupSlot slot) const {
    return pages_[slot / kPageGroups][slot % kPageGroups];
  }

  [[nodiscard]] uint32_t chunk(GroupSlot slot) const { return nodes_[slot].chunk; }
  [[nodiscard]] uint64_t sequence(GroupSlot slot) const { return nodes_[slot].sequence; }
  /// Marks that a record came: another round in the queue before the group has to go.
  void touch(GroupSlot slot) { nodes_[slot].touched = true; }
  [[nodiscard]] bool touched(GroupSlot slot) const { return nodes_[slot].touched; }
  /// To be told of each change: groups with an open episode go last.
  void set_episode_open(GroupSlot slot, bool is_open) { nodes_[slot].episode_open = is_open; }
  /// The group's deadline that holds; kNoTime if none.
  [[nodiscard]] int64_t deadline_ms(GroupSlot slot) const { return nodes_[slot].deadline_ms; }
  void set_deadline(GroupSlot slot, int64_t time_ms) { nodes_[slot].deadline_ms = time_ms; }

  /// Brings the accounts up to date with a group's size.
  void account(GroupSlot slot, uint64_t bytes);
  [[nodiscard]] uint64_t bytes(uint32_t chunk) const { return chunks_[chunk].bytes; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] size_t size() const { return index_.size(); }

  /// Takes groups out of the queues of a chunk until it holds no more than `bytes_max`, or only `keep` is left in the largest
  /// queue; appends them to `victims`, to be removed. The queue with the most goes first, so that a flood of groups evicts
  /// its own; of one, those that had no record since they were queued and have no open episode, as far as a bounded search
  /// finds them.
  void choose_victims(uint32_t chunk, uint64_t bytes_max, GroupSlot keep, std::vector<GroupSlot>& victims);

  /// The chunk's groups of one definition, in the order of their queue; queues in the order of the definitions' hashes.
  [[nodiscard]] std::vector<std::vector<GroupSlot>> queues_of(uint32_t chunk) const;

  /// The definitions of all groups, each at least once.
  template <typename Visitor>
  void for_each_definition(Visitor visit) const {
    for (const Chunk& chunk : chunks_)
      for (const Queue& queue : chunk.queues)
        if (queue.front != kNoGroup) visit(*at(queue.front).definition);
  }

  /// Start loading what find(), at(), remove() and the queues will read.
  void prefetch_index(uint64_t key, uint32_t chunk, uint32_t number) const;
  void prefetch(GroupSlot slot) const;
  void prefetch_for_removal(GroupSlot slot) const {
    index_.prefetch(nodes_[slot].key);
    prefetch(slot);
  }

 private:
  static constexpr size_t kPageGroups = 256;

  struct Node {
    GroupSlot next = kNoGroup, previous = kNoGroup;  // in its queue, towards the back and the front
    uint64_t key = 0;
    uint64_t sequence = 0;  // 0: this place is free
    int64_t deadline_ms = kNoTime;
    uint32_t chunk = 0;
    uint32_t number = 0;
    uint32_t bytes = 0;
    bool touched = false;
    bool episode_open = false;
    bool queued = false;
  };
  struct Queue {
    GroupSlot front = kNoGroup, back = kNoGroup;
    uint64_t bytes = 0;
    uint64_t definition = 0;  // its hash
  };
  struct Chunk {
    std::vector<Queue> queues;  // by the definition's number
    uint64_t bytes = 0;
  };

  Queue& queue_of(const Node& node) { return chunks_[node.chunk].queues[node.number]; }
  void append(GroupSlot slot);
  void unlink(GroupSlot slot);
  void take_out(GroupSlot slot);
  static Queue* largest_queue(Chunk& chunk);
  [[nodiscard]] GroupSlot least_telling(Queue& queue, GroupSlot keep);

  std::vector<Chunk> chunks_;
  std::vector<std::unique_ptr<CorrelationGroup[]>> pages_;
  std::vector<Node> nodes_;
  std::vector<GroupSlot> free_;
  absl::flat_hash_map<uint64_t, GroupSlot> index_;
  uint32_t chunk_bits_;
  uint64_t bytes_ = 0;
};

}  // namespace weir
