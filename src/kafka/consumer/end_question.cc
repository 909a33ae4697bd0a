#include "kafka/consumer/end_question.h"

#include <utility>

#include "kafka/ask_bounds.h"
#include "kafka/handles.h"

namespace weir {
namespace {

constexpr int kTimeoutMs = 1'000;

}  // namespace

bool EndQuestion::ask(rd_kafka_t* client, const TopicTable& topics, std::span<const PartitionOffset> of,
                      uint64_t number) {
  // Shared, since what a std::function holds must be copyable.
  const std::shared_ptr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(of.size())), &rd_kafka_topic_partition_list_destroy);
  Answer expected{number, false, {}};
  for (const PartitionOffset& partition : of) {
    rd_kafka_topic_partition_list_add(list.get(), topics[partition.topic].c_str(), partition.partition)->offset =
        kTimeOfEnd;
    expected.ends.push_back({partition.topic, partition.partition, PartitionOffset::kUnknown});
  }
  return side_.run([this, client, list, expected] { answer(client, *list, expected); });
}

void EndQuestion::answer(rd_kafka_t* client, rd_kafka_topic_partition_list_t& list, Answer answer) {
  const auto code = list.cnt == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_offsets_for_times(client, &list, kTimeoutMs);
  answer.is_known = code == RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; i < list.cnt; ++i) {
    const auto& element = list.elems[i];
    const bool is_known =
        code == RD_KAFKA_RESP_ERR_NO_ERROR && element.err == RD_KAFKA_RESP_ERR_NO_ERROR && element.offset >= 0;
    answer.is_known = answer.is_known && is_known;
    if (is_known) answer.ends[static_cast<size_t>(i)].offset = element.offset;
  }
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

std::optional<EndQuestion::Answer> EndQuestion::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answer_, std::nullopt);
}

}  // namespace weir
