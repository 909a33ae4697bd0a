#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lane/patience.h"
#include "lane/record_source.h"

namespace weir {

struct OutputHeader {
  std::string_view name;
  std::string_view value;
};

/// A message to produce. The views need to live during the call only.
struct OutputMessage {
  static constexpr int32_t kByKey = -1;

  std::string_view topic;
  int32_t partition = kByKey;
  std::string_view key;
  std::string_view value;  ///< without data (a null pointer): a tombstone, which removes the key from a compacted topic
  std::span<const OutputHeader> headers;
  int64_t append_ms = 0;  ///< of the source record that led to it, for the latency; 0: not measured
};

enum class CommitOutcome : uint8_t {
  kCommitted,     ///< the output is stored and the offsets are committed
  kNotCommitted,  ///< the output is stored, the offsets are not: they go with the next commit
  kAborted,       ///< some output is not stored and nothing is committed: abort(), and do the work again
};

/// The transaction boundary, in this one place: what a lane produced since begin() and how far it has read become
/// valid together, or the work is done again.
///
/// With at-least-once, the output of a transaction that was given up may have been stored in part, so that the repeat
/// stores it twice. With exactly-once (a Kafka transaction) it is never seen.
class OutputTransaction {
 public:
  OutputTransaction() = default;
  OutputTransaction(const OutputTransaction&) = delete;
  OutputTransaction& operator=(const OutputTransaction&) = delete;
  virtual ~OutputTransaction() = default;

  /// Whatever must be settled before partitions are asked for: transactions that an earlier life left open. Blocks as long
  /// as `patience` lasts; after an error it may be called again.
  virtual Status prepare(Patience& patience) = 0;
  virtual Status begin(Patience& patience) = 0;
  /// Queues a message. Blocks while the queue is full, as long as `patience` lasts; an error means the transaction cannot
  /// succeed any more.
  virtual Status produce(const OutputMessage& message, Patience& patience) = 0;
  /// Waits until all output is stored, then commits the offsets.
  virtual CommitOutcome commit(std::span<const PartitionOffset> offsets, Patience& patience) = 0;
  /// Gives the transaction up. Afterwards begin() is possible again (after a fatal error with a new producer).
  virtual void abort(Patience& patience) = 0;
  /// Readers see the output when it is committed, not before: a lane that keeps up commits more often.
  [[nodiscard]] virtual bool seen_at_commit() const { return false; }
  /// The last commit failed at the offsets, not at the output: the consumer's place in its group may be lost.
  [[nodiscard]] virtual bool offsets_failed() const = 0;
  /// Why the last transaction failed, naming the topic where there is one; for a person. Empty: not known.
  [[nodiscard]] virtual std::string failure() const { return {}; }
};

}  // namespace weir
