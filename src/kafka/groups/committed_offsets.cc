#include "kafka/groups/committed_offsets.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTryMs = 1'000;
constexpr Milliseconds kWaitMax{60'000};
constexpr Milliseconds kNews{10'000};  // after that somebody is told what is waited for
constexpr Milliseconds kRefusalPause{100};

}  // namespace

bool find_committed(rd_kafka_t& client, rd_kafka_topic_partition_list_t& partitions, Milliseconds timeout,
                    Patience& patience, const std::function<void()>& slow) {
  const auto give_up = Clock::now() + timeout;
  auto news_due = Clock::now() + kNews;
  while (true) {
    for (int i = 0; i < partitions.cnt; ++i) {
      partitions.elems[i].offset = RD_KAFKA_OFFSET_INVALID;
      partitions.elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const auto asked = Clock::now();
    // The library itself waits for transactions that are not decided yet.
    bool known = rd_kafka_committed(&client, &partitions, kTryMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < partitions.cnt; ++i)
      known = known && partitions.elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (known) return true;
    if (!patience.may_wait() || Clock::now() >= give_up) return false;
    if (Clock::now() >= news_due) {
      news_due = Clock::time_point::max();
      slow();
    }
    if (Clock::now() - asked < kRefusalPause) std::this_thread::sleep_for(kRefusalPause);  // a refusal comes at once
  }
}

Result<std::vector<int64_t>> committed_offsets(const ClientOptions& options, const std::string& group,
                                               const TopicTable& topics, std::span<const PartitionOffset> partitions,
                                               Patience& patience) {
  ClientContext context;
  context.log = options.log;
  context.client_id = "weir-offsets";
  auto client = make_client(RD_KAFKA_CONSUMER, consumer_properties(options, context.client_id, {group, {}}), context);
  if (!client) return tl::unexpected(client.error());
  rd_kafka_poll_set_consumer(client->get());
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const PartitionOffset& partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topics[partition.topic].c_str(), partition.partition);
  if (!find_committed(**client, *list, kWaitMax, patience, [] {})) {
    const std::string problem = context.problems();
    return fail(
        ErrorCode::kKafka, "kafka",
        "the committed offsets of group " + group + " cannot be read" + (problem.empty() ? "" : ": " + problem));
  }
  std::vector<int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i)
    offsets.push_back(std::max<int64_t>(list->elems[i].offset, PartitionOffset::kUnknown));
  return offsets;
}

}  // namespace weir
