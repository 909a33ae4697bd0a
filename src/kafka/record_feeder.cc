#include "kafka/record_feeder.h"

#include <algorithm>
#include <chrono>

#include "kafka/producer.h"

namespace weir {
namespace {

constexpr Milliseconds kFeederSlice{100};
constexpr Milliseconds kQueueFullMax{30'000};

}  // namespace

struct RecordFeeder::Impl {
  KafkaCounters counters;
  std::unique_ptr<KafkaProducer> producer;

  Status check() {
    const auto failures = producer->take_failures();
    if (failures.empty()) return {};
    return tl::unexpected(kafka_error("record for " + failures.front().topic, failures.front().code));
  }
};

RecordFeeder::RecordFeeder() : impl_(std::make_unique<Impl>()) {}
RecordFeeder::~RecordFeeder() = default;

Result<std::unique_ptr<RecordFeeder>> RecordFeeder::create(const ClientOptions& options) {
  std::unique_ptr<RecordFeeder> feeder(new RecordFeeder);
  auto producer = KafkaProducer::create(options, "weir-feeder", feeder->impl_->counters);
  if (!producer) return tl::unexpected(producer.error());
  feeder->impl_->producer = std::move(*producer);
  return feeder;
}

Status RecordFeeder::produce(std::string_view topic, std::string_view key, std::string_view value, int32_t partition) {
  KafkaProducer& producer = *impl_->producer;
  const OutputMessage message{topic, partition, key, value, {}};
  const auto give_up = std::chrono::steady_clock::now() + kQueueFullMax;
  Status status = producer.produce(message);
  while (!status && status.error().code == ErrorCode::kLimit && std::chrono::steady_clock::now() < give_up) {
    producer.poll(kFeederSlice);
    status = producer.produce(message);
  }
  producer.poll(Milliseconds(0));
  return status ? impl_->check() : status;
}

Status RecordFeeder::flush(Milliseconds timeout) {
  if (!impl_->producer->flush(timeout)) return fail(ErrorCode::kKafka, "kafka", "records were not stored in time");
  return impl_->check();
}

}  // namespace weir
