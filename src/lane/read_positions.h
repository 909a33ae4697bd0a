#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "lane/record_source.h"

namespace weir {

/// Where the reading of one assigned partition stands; every offset is that of the next record.
struct ReadPosition {
  uint16_t topic = 0;
  int32_t partition = 0;
  int64_t expected = PartitionOffset::kUnknown;  ///< to be handed out
  int64_t done = PartitionOffset::kUnknown;      ///< to be worked on
  int64_t committed = PartitionOffset::kUnknown;
  int64_t end = PartitionOffset::kUnknown;   ///< the broker last said that nothing is there from here on
  int64_t low = PartitionOffset::kUnknown;   ///< of the first record there was at the assignment
  int64_t high = PartitionOffset::kUnknown;  ///< of the first record that there was not yet when the broker last told
  int64_t seen = PartitionOffset::kUnknown;  ///< behind the last record that came, handed out or waiting
  int64_t asked_end =
      PartitionOffset::kUnknown;  ///< the brokers' answer when they were asked for the end; below it is no end
  bool read = false;              ///< a record came since the assignment
  bool held = false;              ///< from `expected` on, until it is let go

  /// Everything below was handed out.
  [[nodiscard]] int64_t read_to() const { return held ? expected : std::max(expected, end); }
  /// Everything there was has been handed out.
  [[nodiscard]] bool at_end() const {
    if (held || std::max(expected, end) < asked_end) return false;
    return is_end_known() || (high != PartitionOffset::kUnknown && expected >= std::max(high, seen));
  }
  /// And the broker has said so.
  [[nodiscard]] bool is_end_known() const {
    return end != PartitionOffset::kUnknown && expected >= seen && expected <= end;
  }

  /// Records that wait to be worked on in a partition whose next offset is `next`; kUnknown when that cannot be said yet. Behind
  /// the last record may be offsets that hold none, markers of transactions above all: once the end is known, they do not wait.
  [[nodiscard]] int64_t behind(int64_t next) const {
    if (done == expected && !held && is_end_known()) return std::max<int64_t>(0, next - end);
    return done == PartitionOffset::kUnknown ? PartitionOffset::kUnknown : std::max<int64_t>(0, next - done);
  }
};

/// The bookkeeping of positions behind every RecordSource: what was handed out, worked on and committed. Knows no Kafka: a real
/// consumer and a simulated one keep the same books. One thread.
///
/// For each partition committed <= done <= expected, except that a listener may begin below what is committed.
class ReadPositions {
 public:
  /// How a record stands to what was handed out before.
  enum class Arrival : uint8_t {
    kNext,
    kAfterGap,  ///< offsets were passed over: transaction markers, compaction or retention
    kStale,     ///< below the next expected one
  };

  /// The committed offset becomes what was carried over, for partitions of which nobody committed meanwhile. Before the listener
  /// hears of the assignment; assign() then ends the carrying.
  void carry_over(AssignedPartition& partition) const;
  /// A new assignment, as the listener left it; `committed` is what the group has on record for each, which is less than the
  /// partition says when work was carried over.
  void assign(std::span<const AssignedPartition> partitions, std::span<const int64_t> committed);
  /// No partitions any more.
  void clear();
  /// As clear(), but work that is done and not committed is not lost if the next assignment begins at the same commits.
  void clear_and_carry();
  /// What was carried over so far is worked on again.
  void carry_nothing() { carried_.clear(); }

  /// Null when it is not assigned. Records of one partition come in runs: the last one found is found at once.
  ReadPosition* find(uint16_t topic, int32_t partition);
  [[nodiscard]] std::span<const ReadPosition> all() const { return positions_; }
  [[nodiscard]] bool empty() const { return positions_.empty(); }

  [[nodiscard]] static Arrival arrival(const ReadPosition& position, int64_t offset);
  /// The record is handed out.
  static void hand_out(ReadPosition& position, int64_t offset);
  /// The record came and waits.
  static void keep(ReadPosition& position, int64_t offset) { position.seen = offset + 1; }
  /// Nothing is there from `offset` on.
  static void reach_end(ReadPosition& position, int64_t offset) { position.end = offset; }
  /// The brokers were asked where these end; others are not touched.
  void end_at(std::span<const PartitionOffset> ends);
  /// The partition was made anew: what is committed means nothing any more.
  static void forget_commit(ReadPosition& position) {
    position.committed = position.seen = position.asked_end = PartitionOffset::kUnknown;
  }

  /// All that was handed out is worked on.
  void batch_done();
  /// What was handed out from `from` on was not: it comes again when the partition is not held any more.
  void hold_back(const PartitionOffset& from);
  /// What was handed out and not worked on will be handed out by someone else.
  void give_up_batch();

  /// The next offsets of every partition with records done since the last commit. Valid until the next call.
  std::span<const PartitionOffset> uncommitted();
  void mark_committed(std::span<const PartitionOffset> offsets);

  /// Back to the commits. Returns the partitions that moved, with their new offsets (kUnknown: the beginning).
  std::vector<PartitionOffset> rewind();
  /// What was done since the last commit stays done.
  void seek(const PartitionOffset& target);

  /// True when it is known that the partition holds no further record below `until`.
  [[nodiscard]] bool exhausted(int32_t partition, int64_t until) const;

 private:
  /// Done before the client was given up, with stored output, but not committed.
  struct Carried {
    PartitionOffset done;
    int64_t committed = PartitionOffset::kUnknown;
  };

  std::vector<ReadPosition> positions_;
  std::vector<Carried> carried_;
  std::vector<PartitionOffset> uncommitted_;
  size_t last_found_ = 0;
};

}  // namespace weir
