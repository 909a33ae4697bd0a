#include <algorithm>
#include <utility>

#include "kafka/consumer/consumer.h"
#include "kafka/message.h"

// The part of a consumer that holds partitions back which wait for other sources, and hands out what waited.

namespace weir {
namespace {

constexpr size_t kRejoinBelow = 1'000;  // records of a partition that wait: then what is fetched of it comes again

}  // namespace

void KafkaConsumer::hold_back(const PartitionOffset& from) {
  positions_.hold_back(from);
  auto place = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
    return waiting.topic == from.topic && waiting.partition == from.partition;
  });
  if (place == waiting_.end()) {
    place = waiting_.emplace(waiting_.end());
    place->topic = from.topic;
    place->partition = from.partition;
  }
  // Those of the batch stand before what waits already. Their views end here: nobody works on them now.
  for (size_t i = records_.size(); i-- > 0;) {
    const InputRecord& record = records_[i];
    const bool is_of = record.topic == from.topic && record.partition == from.partition && record.offset >= from.offset;
    if (!is_of) continue;
    waiting_bytes_ += bytes_of(*messages_[i]);
    place->messages.push_front(std::move(messages_[i]));
  }
  set_apart(*place);
  pause_if_full(*place);
}

void KafkaConsumer::let_go(uint16_t topic, int32_t partition, int64_t until) {
  if (ReadPosition* position = positions_.find(topic, partition)) position->held = false;
  for (Waiting& waiting : waiting_) {
    if (waiting.topic == topic && waiting.partition == partition) waiting.until = until;
  }
}

/// Null when nothing of the partition waits.
KafkaConsumer::Waiting* KafkaConsumer::waiting_of(const ReadPosition& position) {
  for (Waiting& waiting : waiting_) {
    if (waiting.topic == position.topic && waiting.partition == position.partition)
      return waiting.messages.empty() ? nullptr : &waiting;
  }
  return nullptr;
}

void KafkaConsumer::keep(Waiting& waiting, MessageHandle message) {
  waiting_bytes_ += bytes_of(*message);
  waiting.messages.push_back(std::move(message));
}

/// What waited and may go, before anything new. A partition of which little waits is fetched again.
void KafkaConsumer::hand_out_waiting(uint32_t records_max) {
  for (Waiting& waiting : waiting_) {
    ReadPosition* position = positions_.find(waiting.topic, waiting.partition);
    if (position == nullptr || position->held) continue;
    const auto may_go = [&] {
      return !waiting.messages.empty() &&
             (waiting.until == PartitionOffset::kUnknown || waiting.messages.front()->offset < waiting.until);
    };
    while (may_go() && records_.size() < records_max && batch_bytes_ < kBatchBytesMax) {
      ReadPositions::hand_out(*position, waiting.messages.front()->offset);
      waiting_bytes_ -= bytes_of(*waiting.messages.front());
      hand_out(std::move(waiting.messages.front()), *position);
      waiting.messages.pop_front();
    }
    if (waiting.messages.size() >= kRejoinBelow) continue;
    rejoin(waiting);
    if (resume(waiting) && wake_bytes_ != 0) static_cast<void>(wake_fetches_of(waiting.topic, waiting.partition));
  }
  std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.messages.empty(); });
}

/// What is fetched from now on stays in the partition's own queue, which has a limit of its own.
void KafkaConsumer::set_apart(Waiting& waiting) {
  if (waiting.apart != nullptr) return;
  waiting.apart.reset(rd_kafka_queue_get_partition(client_.get(), topics_[waiting.topic].c_str(), waiting.partition));
  if (waiting.apart == nullptr) return;
  rd_kafka_queue_forward(waiting.apart.get(), nullptr);
  has_set_apart_ = true;
}

/// What was fetched meanwhile stands behind all that waits, and behind what the common queue still has of this partition.
void KafkaConsumer::rejoin(Waiting& waiting) {
  if (waiting.apart == nullptr) return;
  const QueueHandle common(rd_kafka_queue_get_consumer(client_.get()));
  rd_kafka_queue_forward(waiting.apart.get(), common.get());
  waiting.apart.reset();
}

/// Where a partition is given back, the library cuts its queue off; where it comes again, the library leaves a queue alone that was
/// ever set apart: nothing of it would arrive any more. Before the new assignment is in force.
void KafkaConsumer::join_queues(std::span<const AssignedPartition> partitions) {
  if (!has_set_apart_) return;
  const QueueHandle common(rd_kafka_queue_get_consumer(client_.get()));
  for (const AssignedPartition& partition : partitions) {
    const QueueHandle own(
        rd_kafka_queue_get_partition(client_.get(), topics_[partition.topic].c_str(), partition.partition));
    if (own != nullptr) rd_kafka_queue_forward(own.get(), common.get());
  }
}

void KafkaConsumer::pause_if_full(Waiting& waiting) {
  if (waiting.is_paused || waiting_bytes_ <= size_t{options_.memory.consumer_queue_kbytes} * 1024) return;
  const PartitionOffset partition{waiting.topic, waiting.partition, 0};
  // Not paused it only delivers more, which waits as well.
  if (rd_kafka_pause_partitions(client_.get(), list_of({&partition, 1}).get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return counters_.client_errors.add();
  waiting.is_paused = true;
}

/// False: it was not paused.
bool KafkaConsumer::resume(Waiting& waiting) {
  if (!std::exchange(waiting.is_paused, false)) return false;
  const PartitionOffset partition{waiting.topic, waiting.partition, 0};
  if (rd_kafka_resume_partitions(client_.get(), list_of({&partition, 1}).get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    counters_.client_errors.add();
  return true;
}

/// Before all partitions are read from elsewhere, or by others. The library stands behind what waits, so each must be sought.
void KafkaConsumer::forget_waiting() {
  for (Waiting& waiting : waiting_) {
    if (ReadPosition* position = positions_.find(waiting.topic, waiting.partition)) position->held = true;
    waiting.messages.clear();
    rejoin(waiting);
    resume(waiting);
  }
  waiting_.clear();
  waiting_bytes_ = 0;
}

/// Before one partition is sought.
void KafkaConsumer::forget_waiting(uint16_t topic, int32_t partition) {
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (waiting.topic != topic || waiting.partition != partition) return false;
    for (const MessageHandle& message : waiting.messages)
      waiting_bytes_ -= bytes_of(*message);
    rejoin(waiting);
    resume(waiting);
    return true;
  });
}

}  // namespace weir
