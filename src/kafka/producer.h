#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "lane/output.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// A message that the broker or the library gave up.
struct DeliveryFailure {
  std::string topic;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  int attempt = 1;
  size_t payload_bytes = 0;
  std::string key, value;  ///< kept only for messages that were too large; the value only when it is small
  HeadersHandle headers;
};

/// A thin producer: asynchronous, with a bounded queue, and an account of what became of every message. One thread.
class KafkaProducer {
 public:
  static constexpr size_t kFailuresMax = 1'024;  ///< further failures are only counted
  static constexpr size_t kKeptValueBytesMax = 64 << 10;

  /// With a transactional id the messages must be produced within transactions (see KafkaTransactions).
  static Result<std::unique_ptr<KafkaProducer>> create(const ClientOptions& options, const std::string& client_id,
                                                       KafkaCounters& counters, std::string_view transactional_id = {});
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  /// Queues a copy of the message without blocking. kLimit: the queue is full, poll() and try again. kKafka: refused.
  Status produce(const OutputMessage& message, int attempt = 1);
  /// As produce, with headers made earlier; takes them over when it succeeds.
  Status produce(const OutputMessage& message, HeadersHandle& headers, int attempt);

  /// Serves delivery reports, waiting up to `timeout` for one.
  void poll(Milliseconds timeout);
  /// As poll, and sends what is queued without lingering. True when no message is outstanding.
  bool flush(Milliseconds timeout);
  /// Messages without a delivery report so far.
  [[nodiscard]] uint64_t outstanding() const { return produced_ - reported_; }

  /// The failures reported since the last call, in the order of the reports.
  std::vector<DeliveryFailure> take_failures();
  [[nodiscard]] uint64_t failures() const { return failed_; }
  /// The library cannot go on with this producer: make a new one.
  [[nodiscard]] bool fatal() const;
  /// Drops what is queued and in flight, for closing without waiting.
  void purge();

  [[nodiscard]] ClientContext& context() { return context_; }
  [[nodiscard]] rd_kafka_t* native() { return client_.get(); }

 private:
  KafkaProducer(std::string client_id, const ClientOptions& options, KafkaCounters& counters);
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void record_skew(const rd_kafka_message_t& message);
  void record_failure(const rd_kafka_message_t& message);
  void record_latency(const rd_kafka_message_t& message, int64_t age_ms);
  Result<rd_kafka_topic_t*> topic(std::string_view name);
  Status produce_with(const OutputMessage& message, rd_kafka_headers_t* headers, int attempt);

  ClientContext context_;
  KafkaCounters& counters_;
  uint64_t produced_ = 0, reported_ = 0, failed_ = 0;
  std::vector<DeliveryFailure> failures_;
  ClientHandle client_;
  std::vector<std::pair<std::string, TopicHandle>> topics_;  // a handful: those the lane produces to
};

}  // namespace weir
