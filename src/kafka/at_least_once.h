#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kafka/producer.h"
#include "lane/output.h"

namespace weir {

/// At-least-once delivery: output is sent while the transaction is open; commit() waits until the broker has confirmed all of
/// it and only then commits the offsets. Owned and used by one lane.
class AtLeastOnceOutput : public OutputTransaction {
 public:
  using ProducerFactory = std::function<Result<std::unique_ptr<KafkaProducer>>()>;

  /// A dead letter that the broker finds too large is sent again without its payload, so that it cannot block the lane.
  /// `stage` names the crash points.
  AtLeastOnceOutput(std::unique_ptr<KafkaProducer> producer, ProducerFactory make_producer, RecordSource& source,
                    std::string dead_letter_topic, LogSink log, KafkaCounters& counters, std::string stage = {});

  Status prepare(Patience&) override { return {}; }
  Status begin(Patience& patience) override;
  Status produce(const OutputMessage& message, Patience& patience) override;
  CommitOutcome commit(std::span<const PartitionOffset> offsets, Patience& patience) override;
  void abort(Patience& patience) override;
  [[nodiscard]] bool offsets_failed() const override { return offsets_failed_; }
  [[nodiscard]] std::string failure() const override { return failure_; }

 private:
  Status enqueue(const std::function<Status()>& produce, Patience& patience);
  bool wait_until_stored(Patience& patience);
  bool repair_failures(Patience& patience);
  bool send_again(DeliveryFailure& failure, Patience& patience);

  std::unique_ptr<KafkaProducer> producer_;
  ProducerFactory make_producer_;
  RecordSource& source_;
  std::string dead_letter_topic_;
  LogSink log_;
  KafkaCounters& counters_;
  const std::string stage_;
  bool offsets_failed_ = false;
  std::string failure_;
  bool failed_ = false;  // something of the last transaction will never be stored: the next one gets a new producer
};

}  // namespace weir
