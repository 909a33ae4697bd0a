#pragma once

#include <memory>
#include <string>

#include "kafka/call_thread.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/ending_clients.h"
#include "kafka/producer.h"
#include "lane/transaction_client.h"

namespace weir {

/// A transactional producer of the client library. Used by one lane; calls that may block run on a thread of their own.
class KafkaTransactions : public TransactionClient {
 public:
  static constexpr Milliseconds kHang{60'000};  ///< a call that takes longer counts as hanging and is given up

  /// `consumer` is where the offsets come from. It, `counters` and `ending`, which gets the client in the end, must outlive
  /// this object.
  static Result<std::unique_ptr<TransactionClient>> create(const ClientOptions& options, const std::string& client_id,
                                                           const std::string& transactional_id, KafkaConsumer& consumer,
                                                           EndingClients& ending, KafkaCounters& counters);
  ~KafkaTransactions() override;

  TransactionResult init(Patience& patience) override;
  TransactionResult begin() override;
  Status produce(const OutputMessage& message, Patience& patience) override;
  TransactionResult flush(Patience& patience) override;
  TransactionResult send_offsets(std::span<const PartitionOffset> offsets, Patience& patience) override;
  TransactionResult commit(Patience& patience) override;
  TransactionResult abort(Patience& patience) override;
  size_t take_refused_bytes(const std::string& topic) override;

 private:
  using Call = std::function<rd_kafka_error_t*(rd_kafka_t*)>;

  KafkaTransactions(std::unique_ptr<KafkaProducer> producer, KafkaConsumer& consumer, EndingClients& ending,
                    KafkaCounters& counters);
  TransactionResult call(std::string_view what, Patience& patience, Milliseconds give_up, Call step);
  TransactionResult failure_of_output();

  KafkaConsumer& consumer_;
  EndingClients& ending_;
  KafkaCounters& counters_;
  std::vector<DeliveryFailure> failures_;
  std::shared_ptr<KafkaProducer> producer_;  // shared with a call that was given up
  std::unique_ptr<CallThread> thread_;
};

}  // namespace weir
