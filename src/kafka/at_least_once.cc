#include "kafka/at_least_once.h"

#include "base/crash_point.h"
#include "lane/dead_letter.h"

namespace weir {
namespace {

constexpr Milliseconds kWaitSlice{100};  // so often a wait asks whether it may go on

}  // namespace

AtLeastOnceOutput::AtLeastOnceOutput(std::unique_ptr<KafkaProducer> producer, ProducerFactory make_producer,
                                     RecordSource& source, std::string dead_letter_topic, LogSink log,
                                     KafkaCounters& counters, std::string stage)
    : producer_(std::move(producer)),
      make_producer_(std::move(make_producer)),
      source_(source),
      dead_letter_topic_(std::move(dead_letter_topic)),
      log_(std::move(log)),
      counters_(counters),
      stage_(std::move(stage)) {}

Status AtLeastOnceOutput::begin(Patience&) {
  if (failed_ || producer_->fatal()) {
    // A fatal error ends a producer for good, and after a refusal the library remembers it for minutes (a missing right
    // on a topic, say) and does not even ask the broker again.
    auto fresh = make_producer_();
    if (!fresh) return tl::unexpected(fresh.error());
    producer_ = std::move(*fresh);
  }
  failed_ = false;
  return {};
}

Status AtLeastOnceOutput::produce(const OutputMessage& message, Patience& patience) {
  Status status = enqueue([&] { return producer_->produce(message); }, patience);
  if (!status) failed_ = true;
  WEIR_CRASH_POINT(stage_, "produce");
  return status;
}

/// Backpressure: a full queue is waited for, it never grows.
Status AtLeastOnceOutput::enqueue(const std::function<Status()>& produce, Patience& patience) {
  Status status = produce();
  while (!status && status.error().code == ErrorCode::kLimit && patience.may_wait()) {
    counters_.queue_full_waits.add();
    producer_->poll(kWaitSlice);
    status = produce();
  }
  producer_->poll(Milliseconds(0));
  return status;
}

CommitOutcome AtLeastOnceOutput::commit(std::span<const PartitionOffset> offsets, Patience& patience) {
  offsets_failed_ = false;
  if (failed_ || !wait_until_stored(patience)) return CommitOutcome::kAborted;
  WEIR_CRASH_POINT(stage_, "flush");
  if (offsets.empty()) return CommitOutcome::kCommitted;
  WEIR_CRASH_POINT(stage_, "before_commit");
  const Status status = source_.commit(offsets, patience);
  offsets_failed_ = !status;
  if (status) {
    WEIR_CRASH_POINT(stage_, "send_offsets");
    counters_.commits.add();
    source_.mark_committed(offsets);
    return CommitOutcome::kCommitted;
  }
  counters_.commit_failures.add();
  log_(LogLevel::kWarning, "kafka: offsets not committed, trying again: " + status.error().detail);
  return CommitOutcome::kNotCommitted;
}

bool AtLeastOnceOutput::wait_until_stored(Patience& patience) {
  while (true) {
    const bool flushed = producer_->flush(kWaitSlice);
    if (!repair_failures(patience)) return false;
    if (flushed && producer_->outstanding() == 0) return true;
    if (producer_->fatal() || !patience.may_wait()) return false;
  }
}

/// False when a failure cannot be repaired within this transaction.
bool AtLeastOnceOutput::repair_failures(Patience& patience) {
  bool repaired = true;
  for (DeliveryFailure& failure : producer_->take_failures()) {
    const bool too_large = failure.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && failure.topic == dead_letter_topic_;
    if (too_large && send_again(failure, patience)) continue;
    if (repaired) {  // one line for the transaction, not one per message
      failure_ =
          kafka_error("output to " + failure.topic + " was not stored, doing the batch again", failure.code).detail;
      log_(LogLevel::kError, failure_);
    }
    repaired = false;
  }
  if (!repaired) failed_ = true;
  return repaired;
}

/// A dead letter that was refused for its size. It may only have been in the company of a larger one, so a small one
/// gets a second try as it is; then it goes without its payload.
bool AtLeastOnceOutput::send_again(DeliveryFailure& failure, Patience& patience) {
  const bool whole = failure.attempt == 1 && failure.payload_bytes == failure.value.size();
  if (failure.attempt > 2) return false;
  OutputMessage message{failure.topic,
                        OutputMessage::kByKey,
                        failure.key,
                        whole ? std::string_view(failure.value) : std::string_view(),
                        {}};
  if (!whole) {
    if (failure.headers == nullptr) failure.headers.reset(rd_kafka_headers_new(1));
    const std::string size = std::to_string(failure.payload_bytes);
    const auto code = rd_kafka_header_add(failure.headers.get(), kPayloadTruncatedHeader, -1, size.data(),
                                          static_cast<ssize_t>(size.size()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    counters_.dead_letters_truncated.add();
  }
  const int attempt = whole ? 2 : 3;
  return enqueue([&] { return producer_->produce(message, failure.headers, attempt); }, patience).has_value();
}

void AtLeastOnceOutput::abort(Patience& patience) {
  // What is still under way may be stored; it must not be mistaken for the repeat's.
  while (producer_->outstanding() > 0 && !producer_->fatal() && patience.may_wait())
    producer_->flush(kWaitSlice);
  static_cast<void>(producer_->take_failures());
}

}  // namespace weir
