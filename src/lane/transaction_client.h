#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "lane/output.h"
#include "lane/patience.h"
#include "lane/record_source.h"

namespace weir {

/// How a step of a Kafka transaction ended.
enum class TransactionStep : uint8_t {
  kDone,
  kAbort,    ///< the transaction cannot succeed any more; the producer goes on after an abort
  kRenew,    ///< the producer is of no use any more: fenced by another one with its id, or the library gave it up
  kUnknown,  ///< no answer as long as it was waited for; it may or may not have happened
};

struct TransactionResult {
  TransactionStep step = TransactionStep::kDone;
  std::string reason;  ///< for a person; empty when done
  [[nodiscard]] bool done() const { return step == TransactionStep::kDone; }
};

/// One transactional producer: the edge between the protocol of exactly-once (ExactlyOnceOutput) and the client library. Tests and
/// the simulation put a fake here. Every call may block, and goes on only as long as `patience` lasts.
class TransactionClient {
 public:
  TransactionClient() = default;
  TransactionClient(const TransactionClient&) = delete;
  TransactionClient& operator=(const TransactionClient&) = delete;
  virtual ~TransactionClient() = default;

  /// Ends what an earlier producer with the same transactional id left: commits it if its commit had begun, aborts it otherwise,
  /// and shuts that producer out. Must succeed once before everything else.
  virtual TransactionResult init(Patience& patience) = 0;
  virtual TransactionResult begin() = 0;
  /// Queues a message; waits while the queue is full.
  virtual Status produce(const OutputMessage& message, Patience& patience) = 0;
  /// Waits until the brokers have all messages.
  virtual TransactionResult flush(Patience& patience) = 0;
  /// Adds the offsets, in the name of the member that the source was when it got its partitions.
  virtual TransactionResult send_offsets(std::span<const PartitionOffset> offsets, Patience& patience) = 0;
  virtual TransactionResult commit(Patience& patience) = 0;
  virtual TransactionResult abort(Patience& patience) = 0;
  /// The largest message to `topic` that was refused for its size since the last call; 0: none was.
  virtual size_t take_refused_bytes(const std::string& topic) = 0;
};

}  // namespace weir
