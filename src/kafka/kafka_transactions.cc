#include "kafka/kafka_transactions.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kTransactionSlice{100};
constexpr int kInitTryMs = 5'000;
constexpr int kSendOffsetsTryMs = 5'000;
constexpr Milliseconds kInitMax{KafkaTransactions::kHang};
constexpr Milliseconds kSendOffsetsMax{30'000};  // then the transaction has timed out on the broker
constexpr Milliseconds kEndMax{45'000};
constexpr int kRemainingTime = -1;  // as the library recommends for ending a transaction
constexpr Milliseconds kRetryPause{20};

TransactionStep step_of(const rd_kafka_error_t& error) {
  if (rd_kafka_error_is_fatal(&error) != 0) return TransactionStep::kRenew;
  if (rd_kafka_error_txn_requires_abort(&error) != 0) return TransactionStep::kAbort;
  switch (rd_kafka_error_code(&error)) {
    // The offsets are not this member's any more; the producer is fine.
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
      return TransactionStep::kAbort;
    default:
      return rd_kafka_error_is_retriable(&error) != 0 ? TransactionStep::kUnknown : TransactionStep::kRenew;
  }
}

TransactionResult result_of(std::string_view what, const rd_kafka_error_t& error) {
  return {step_of(error), kafka_error(what, rd_kafka_error_code(&error), rd_kafka_error_string(&error)).detail};
}

}  // namespace

Result<std::unique_ptr<TransactionClient>> KafkaTransactions::create(const ClientOptions& options,
                                                                     const std::string& client_id,
                                                                     const std::string& transactional_id,
                                                                     KafkaConsumer& consumer, EndingClients& ending,
                                                                     KafkaCounters& counters) {
  auto producer = KafkaProducer::create(options, client_id, counters, transactional_id);
  if (!producer) return tl::unexpected(producer.error());
  return std::unique_ptr<TransactionClient>(new KafkaTransactions(std::move(*producer), consumer, ending, counters));
}

KafkaTransactions::KafkaTransactions(std::unique_ptr<KafkaProducer> producer, KafkaConsumer& consumer,
                                     EndingClients& ending, KafkaCounters& counters)
    : consumer_(consumer),
      ending_(ending),
      counters_(counters),
      producer_(std::move(producer)),
      thread_(std::make_unique<CallThread>()) {}

KafkaTransactions::~KafkaTransactions() {
  struct Remains {
    std::shared_ptr<KafkaProducer> producer;
    std::unique_ptr<CallThread> thread;  // ends first
  };
  ending_.end(Remains{std::move(producer_), std::move(thread_)});
}

/// Repeats a step while the library says that it may be, up to `give_up`.
TransactionResult KafkaTransactions::call(std::string_view what, Patience& patience, Milliseconds give_up, Call step) {
  const auto until = Clock::now() + give_up;
  while (true) {
    // Shared, because a call that is given up goes on and ends after this function.
    const auto error = std::make_shared<ErrorHandle>();
    const bool returned =
        thread_->run([step, error, producer = producer_] { error->reset(step(producer->native())); }, patience, kHang);
    if (!returned) return {TransactionStep::kUnknown, std::string(what) + ": given up while it had no answer"};
    if (*error == nullptr) return {};
    TransactionResult result = result_of(what, **error);
    if (result.step != TransactionStep::kUnknown || !patience.may_wait() || Clock::now() >= until) return result;
    std::this_thread::sleep_for(kRetryPause);
  }
}

TransactionResult KafkaTransactions::init(Patience& patience) {
  return call("starting transactions", patience, kInitMax,
              [](rd_kafka_t* client) { return rd_kafka_init_transactions(client, kInitTryMs); });
}

TransactionResult KafkaTransactions::begin() {
  static_cast<void>(producer_->take_failures());
  failures_.clear();
  const ErrorHandle error(rd_kafka_begin_transaction(producer_->native()));
  return error == nullptr ? TransactionResult() : result_of("beginning a transaction", *error);
}

Status KafkaTransactions::produce(const OutputMessage& message, Patience& patience) {
  Status status = producer_->produce(message);
  while (!status && status.error().code == ErrorCode::kLimit && patience.may_wait()) {
    counters_.queue_full_waits.add();
    producer_->poll(kTransactionSlice);
    status = producer_->produce(message);
  }
  producer_->poll(Milliseconds(0));
  return status;
}

TransactionResult KafkaTransactions::flush(Patience& patience) {
  while (true) {
    const bool flushed = producer_->flush(kTransactionSlice);
    if (producer_->failures() > 0) {
      if (TransactionResult failure = failure_of_output(); !failure.done()) return failure;
    }
    if (flushed && producer_->outstanding() == 0) return {};
    if (producer_->fatal()) return {TransactionStep::kRenew, "the client library gave the producer up"};
    if (!patience.may_wait()) return {TransactionStep::kAbort, "not all output was stored in time"};
  }
}

TransactionResult KafkaTransactions::failure_of_output() {
  for (DeliveryFailure& failure : producer_->take_failures())
    failures_.push_back(std::move(failure));
  if (failures_.empty()) return {};
  const DeliveryFailure& first = failures_.front();
  // After a refusal the library remembers it for minutes (a missing right on a topic, say) and does not even ask again.
  const bool remembered = first.code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                          first.code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                          first.code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  return {remembered ? TransactionStep::kRenew : TransactionStep::kAbort,
          kafka_error("output to " + first.topic, first.code).detail};
}

TransactionResult KafkaTransactions::send_offsets(std::span<const PartitionOffset> offsets, Patience& patience) {
  if (consumer_.membership() == nullptr) return {TransactionStep::kAbort, "the partitions are gone"};
  // Shared: a call that was given up may still use them.
  const std::shared_ptr<rd_kafka_topic_partition_list_t> list(consumer_.list_of(offsets));
  const auto member = consumer_.membership();
  return call("sending offsets", patience, kSendOffsetsMax, [list, member](rd_kafka_t* client) {
    return rd_kafka_send_offsets_to_transaction(client, list.get(), member.get(), kSendOffsetsTryMs);
  });
}

TransactionResult KafkaTransactions::commit(Patience& patience) {
  return call("committing", patience, kEndMax,
              [](rd_kafka_t* client) { return rd_kafka_commit_transaction(client, kRemainingTime); });
}

TransactionResult KafkaTransactions::abort(Patience& patience) {
  return call("aborting", patience, kEndMax,
              [](rd_kafka_t* client) { return rd_kafka_abort_transaction(client, kRemainingTime); });
}

size_t KafkaTransactions::take_refused_bytes(const std::string& topic) {
  size_t largest = 0;
  for (const DeliveryFailure& failure : failures_) {
    if (failure.topic == topic && failure.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
      largest = std::max(largest, failure.payload_bytes);
  }
  failures_.clear();
  return largest;
}

}  // namespace weir
