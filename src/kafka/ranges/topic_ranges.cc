#include "kafka/ranges/topic_ranges.h"

#include <algorithm>

#include "kafka/ask_bounds.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/topic_admin.h"

namespace weir {
namespace {

constexpr Milliseconds kTimeout{30'000};
constexpr int kTimeoutMs = static_cast<int>(kTimeout.count());

Result<PartitionBounds> bounds_seen_by(rd_kafka_t& client, const std::string& topic, int32_t partition) {
  PartitionBounds found;
  const auto code = ask_bounds(&client, topic, partition, kTimeout, found.low, found.high);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("offsets of " + topic + "/" + std::to_string(partition), code));
  return found;
}

}  // namespace

struct TopicRanges::Impl {
  ClientContext context;
  ClientHandle client;      ///< sees what is committed
  ClientHandle everything;  ///< sees all; made when it is needed
  ClientOptions options;

  Result<ClientHandle> connect(const char* isolation);
  Status see_everything();
};

TopicRanges::TopicRanges() : impl_(std::make_unique<Impl>()) {}
TopicRanges::~TopicRanges() = default;

Result<std::unique_ptr<TopicRanges>> TopicRanges::connect(const ClientOptions& options) {
  auto admin = TopicAdmin::create(options);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kTimeout); !status) return tl::unexpected(status.error());
  std::unique_ptr<TopicRanges> ranges(new TopicRanges);
  Impl& impl = *ranges->impl_;
  impl.context.log = options.log;
  impl.context.client_id = "weir-ranges";
  impl.options = options;
  auto client = impl.connect("read_committed");
  if (!client) return tl::unexpected(client.error());
  impl.client = std::move(*client);
  return ranges;
}

Result<ClientHandle> TopicRanges::Impl::connect(const char* isolation) {
  // The library wants a group's name even from a consumer that never joins one.
  auto properties = consumer_properties(options, context.client_id, {"weir-ranges", {}});
  properties.push_back({"isolation.level", Secret(isolation)});
  return make_client(RD_KAFKA_CONSUMER, properties, context);
}

Status TopicRanges::Impl::see_everything() {
  if (everything) return {};
  auto made = connect("read_uncommitted");
  if (!made) return tl::unexpected(made.error());
  everything = std::move(*made);
  return {};
}

Result<std::vector<int32_t>> TopicRanges::partitions(TopicTable& topics) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(impl_->client.get(), 1, nullptr, &metadata, kTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("cannot list the topics", code));
  const MetadataHandle owner(metadata);
  const std::span all(metadata->topics, static_cast<size_t>(metadata->topic_cnt));
  // In the order of their names, so that equal topics get equal numbers in every run.
  std::vector<const rd_kafka_metadata_topic*> sorted;
  for (const auto& topic : all)
    sorted.push_back(&topic);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return std::string_view(a->topic) < b->topic; });
  std::vector<int32_t> counts;
  for (const auto* topic : sorted) {
    const auto number = topics.add(topic->topic, TopicTable::Unclaimed::kRefuse);
    if (!number || topic->partition_cnt <= 0) continue;
    counts.resize(std::max<size_t>(counts.size(), *number + 1U));
    counts[*number] = topic->partition_cnt;
  }
  counts.resize(topics.size());
  return counts;
}

Result<int32_t> TopicRanges::partitions_of(const std::string& topic) {
  TopicTable table{topic};
  const auto counts = partitions(table);
  if (!counts) return tl::unexpected(counts.error());
  return counts->front();
}

Result<TopicRanges::Bounds> TopicRanges::bounds(const std::string& topic, int32_t partition) {
  return bounds_seen_by(*impl_->client, topic, partition);
}

Result<TopicRanges::Bounds> TopicRanges::bounds_of_all(const std::string& topic, int32_t partition) {
  if (Status status = impl_->see_everything(); !status) return tl::unexpected(status.error());
  return bounds_seen_by(*impl_->everything, topic, partition);
}

Result<int64_t> TopicRanges::decided_end(const std::string& topic, int32_t partition, Patience& patience) {
  if (Status status = impl_->see_everything(); !status) return tl::unexpected(status.error());
  return weir::decided_end(*impl_->client, *impl_->everything, topic, partition, patience);
}

Result<std::vector<int64_t>> TopicRanges::at_time(const std::string& topic, std::span<const int32_t> partitions,
                                                  EventTime time) {
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const int32_t partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
        std::max<int64_t>(0, time.time_since_epoch().count());
  }
  const auto code = rd_kafka_offsets_for_times(impl_->client.get(), list.get(), kTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("offsets by time of " + topic, code));
  std::vector<int64_t> offsets;
  for (const int32_t partition : partitions) {
    const auto* found = rd_kafka_topic_partition_list_find(list.get(), topic.c_str(), partition);
    if (found != nullptr && found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return tl::unexpected(kafka_error("offsets by time of " + topic, found->err));
    if (found != nullptr && found->offset >= 0) {
      offsets.push_back(found->offset);
      continue;
    }
    const auto there = bounds(topic, partition);
    if (!there) return tl::unexpected(there.error());
    offsets.push_back(there->high);
  }
  return offsets;
}

}  // namespace weir
