#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "lane/log_sink.h"
#include "lane/output.h"
#include "lane/transaction_client.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// Exactly-once delivery: output and offsets are one Kafka transaction. The protocol and why it holds:
/// docs/adr/0012-exactly-once.md. Owned and used by one lane.
///
/// A commit without an answer is never guessed at: a new producer with the same transactional id makes the brokers end the old
/// transaction one way or the other, and the group's committed offsets then tell which.
class ExactlyOnceOutput : public OutputTransaction {
 public:
  /// Makes a producer; each of them has the same transactional id.
  using ClientFactory = std::function<Result<std::unique_ptr<TransactionClient>>()>;

  /// `stage` names the crash points.
  ExactlyOnceOutput(ClientFactory make_client, RecordSource& source, std::string dead_letter_topic, LogSink log,
                    KafkaCounters& counters, std::string stage);

  Status prepare(Patience& patience) override;
  Status begin(Patience& patience) override;
  Status produce(const OutputMessage& message, Patience& patience) override;
  CommitOutcome commit(std::span<const PartitionOffset> offsets, Patience& patience) override;
  void abort(Patience& patience) override;
  [[nodiscard]] bool seen_at_commit() const override { return true; }
  [[nodiscard]] bool offsets_failed() const override { return offsets_failed_; }
  [[nodiscard]] std::string failure() const override { return failure_; }

 private:
  bool failed(const TransactionResult& result, std::string_view what);
  CommitOutcome settle(std::span<const PartitionOffset> offsets, Patience& patience);
  void committed(std::span<const PartitionOffset> offsets);
  void note_refused_dead_letters();
  Status produce_without_payload(const OutputMessage& letter, Patience& patience);

  ClientFactory make_client_;
  RecordSource& source_;
  const std::string dead_letter_topic_;
  LogSink log_;
  KafkaCounters& counters_;
  const std::string stage_;
  std::unique_ptr<TransactionClient> client_;  // null: a new one is needed
  bool open_ = false;                          // a transaction is open in client_ and nothing of it has failed
  bool must_abort_ = false;                    // it is open and something has failed
  bool offsets_failed_ = false;
  std::string failure_;
  size_t dead_letter_bytes_max_ = std::numeric_limits<size_t>::max();  // what the broker was seen to refuse, less one
};

}  // namespace weir
