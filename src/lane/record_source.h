#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lane/patience.h"

namespace weir {

/// One record of an input topic. Views borrow from the source until its next poll().
struct InputRecord {
  uint16_t topic = 0;  ///< index into the source's topics
  int32_t partition = 0;
  int64_t offset = 0;
  EventTime append_time{};  ///< EventTime::max() when the record carries no timestamp
  std::string_view key;
  std::string_view payload;      ///< empty for a tombstone
  const void* native = nullptr;  ///< the source's own
};

struct PartitionOffset {
  uint16_t topic = 0;
  int32_t partition = 0;
  int64_t offset = 0;  ///< of the next record to read; kUnknown when nothing is committed or known

  static constexpr int64_t kUnknown = -1;
};

/// A partition of a new assignment. The listener may lower `start` to read again what is committed already.
struct AssignedPartition {
  uint16_t topic = 0;
  int32_t partition = 0;
  int64_t committed = PartitionOffset::kUnknown;
  int64_t start = PartitionOffset::kUnknown;  ///< where reading begins; kUnknown: at the first record there is
  int64_t low = PartitionOffset::kUnknown;    ///< of the first record there is, where the source was asked to find out
};

/// Hears of rebalances, on the lane's thread, inside poll() and close().
class RebalanceListener {
 public:
  RebalanceListener() = default;
  RebalanceListener(const RebalanceListener&) = delete;
  RebalanceListener& operator=(const RebalanceListener&) = delete;
  virtual ~RebalanceListener() = default;

  /// The whole new assignment, each partition with its committed offset. Nothing of it has been read yet. An error ends
  /// the source.
  virtual Status on_assigned(std::span<AssignedPartition> partitions) = 0;
  /// Every partition is about to go; its offsets can still be committed unless it was lost already.
  virtual void on_revoked(bool lost) = 0;
};

/// Where a lane's records come from. Kafka in the daemon; tests put a fake here.
class RecordSource {
 public:
  RecordSource() = default;
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;
  virtual ~RecordSource() = default;

  /// Waits up to `idle` for a first record, then up to `fill` for the batch to fill. An empty batch is no error. Records
  /// of a partition come in the order of their offsets, each once.
  virtual std::span<const InputRecord> poll(uint32_t records_max, Milliseconds idle, Milliseconds fill) = 0;
  /// The value of a header of a record of the current batch; empty when it has none.
  [[nodiscard]] virtual std::string_view header(const InputRecord& record, const char* name) const = 0;
  /// The batch last polled is worked on: its offsets belong to the next commit.
  virtual void batch_done() = 0;

  /// The next offsets of every partition with records done since the last commit. Valid until the next call.
  virtual std::span<const PartitionOffset> uncommitted() = 0;
  /// Writes these offsets to the consumer group and waits for the answer as long as `patience` lasts.
  virtual Status commit(std::span<const PartitionOffset> offsets, Patience& patience) = 0;
  /// These offsets were committed, by commit() or inside a transaction.
  virtual void mark_committed(std::span<const PartitionOffset> offsets) = 0;
  /// What the consumer group has committed for these partitions. Waits while a transaction that may still change it is
  /// not decided.
  virtual Result<std::vector<PartitionOffset>> read_committed(std::span<const PartitionOffset> partitions,
                                                              Patience& patience) = 0;
  /// True when it is known that the partition holds no further record below `until`.
  [[nodiscard]] virtual bool exhausted(int32_t partition, int64_t until) const = 0;
  /// Whether records wait that poll() should have given. Asks the broker, for half a second a partition at worst; only when a
  /// lane has been quiet for long.
  enum class Unread : uint8_t { kNone, kSome, kNotKnown };
  [[nodiscard]] virtual Unread unread() = 0;
  /// A broker answers. May block for half a second to find out.
  [[nodiscard]] virtual bool connected() = 0;
  /// What renew() does with records whose output is stored and whose offsets are not committed.
  enum class CarryDone : uint8_t {
    kNo,   ///< they are worked on again
    kYes,  ///< they are not, if the partitions come back with the same commit
  };
  /// Leaves the group without asking the listener and joins it anew with a new client; the next poll() goes on.
  virtual Status renew(CarryDone done, Patience& patience) = 0;
  /// Goes to an offset of an assigned partition; what was done there since the last commit stays done. Drops the batch.
  virtual Status seek(const PartitionOffset& target) = 0;
  /// Goes back to the last committed offset on every assigned partition. Drops the current batch.
  virtual Status rewind() = 0;

  /// Records of this partition from this offset on, of the batch at hand and later ones, are handed out again when let_go() says so;
  /// before that poll() gives none of them. Between poll() and batch_done().
  virtual void hold_back(const PartitionOffset& from) = 0;
  /// Those below `until` (kUnknown: all of them) may come; more of them may come along, and be held back again.
  virtual void let_go(uint16_t topic, int32_t partition, int64_t until) = 0;
  /// Everything that was there when the broker last told was handed out.
  [[nodiscard]] virtual bool at_end(uint16_t topic, int32_t partition) const = 0;
  /// After an interruption: of no partition it is known whether it is at its end, whatever was said before.
  [[nodiscard]] virtual bool ends_doubted() const { return false; }
  /// Everything below was handed out; kUnknown where that is not known.
  [[nodiscard]] virtual int64_t read_to(uint16_t topic, int32_t partition) const {
    static_cast<void>(topic), static_cast<void>(partition);
    return PartitionOffset::kUnknown;
  }
  /// Asks the brokers, beside the reading, where these partitions end, whoever reads them. False: it cannot be asked now.
  virtual bool ask_ends(std::span<const PartitionOffset> partitions) {
    static_cast<void>(partitions);
    return false;
  }
  /// Their answer, once: kUnknown for a partition of which none says. Nothing: they were not asked, or have not answered yet.
  virtual std::optional<std::vector<PartitionOffset>> take_ends() { return std::nullopt; }

  /// Housekeeping, about once a second: lag and connection state.
  virtual void tick() = 0;
  /// An error after which this source gives no more records.
  [[nodiscard]] virtual Status health() const = 0;
  /// Leaves the group; calls the listener's on_revoked if partitions are assigned. Gives up when `patience` ends.
  virtual void close(Patience& patience) = 0;
};

}  // namespace weir
