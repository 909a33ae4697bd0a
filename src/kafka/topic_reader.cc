#include "kafka/topic_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "kafka/ask_bounds.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/topic_admin.h"

namespace weir {
namespace {

constexpr Milliseconds kOpenTimeout{10'000};

}  // namespace

struct TopicReader::Impl {
  ClientContext context;
  ClientHandle client;
  using Partition = std::pair<std::string, int32_t>;
  std::set<Partition> unfinished;          ///< partitions whose end was not reached yet
  std::map<Partition, int64_t> positions;  ///< behind the last record or the end that was told; none yet: kUnread
  static constexpr int64_t kUnread = -1;
};

TopicReader::TopicReader() : impl_(std::make_unique<Impl>()) {}
TopicReader::~TopicReader() = default;

Result<std::unique_ptr<TopicReader>> TopicReader::open(const ClientOptions& options,
                                                       std::span<const std::string> topics, Start start) {
  auto admin = TopicAdmin::create(options);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kOpenTimeout); !status) return tl::unexpected(status.error());
  const auto partitions = (*admin)->partitions(topics, kOpenTimeout);
  if (!partitions) return tl::unexpected(partitions.error());

  std::unique_ptr<TopicReader> reader(new TopicReader);
  Impl& impl = *reader->impl_;
  impl.context.log = options.log;
  impl.context.client_id = "weir-reader";
  // The library wants a group's name even from a consumer that never joins one.
  auto client = make_client(RD_KAFKA_CONSUMER,
                            consumer_properties(options, impl.context.client_id, {"weir-reader", {}}), impl.context);
  if (!client) return tl::unexpected(client.error());
  impl.client = std::move(*client);

  const PartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  for (const std::string& topic : topics) {
    const auto found = partitions->find(topic);
    if (found == partitions->end()) return fail(ErrorCode::kNotFound, "kafka", "topic " + topic + " does not exist");
    for (int32_t partition = 0; partition < found->second; ++partition) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
          start == Start::kBeginning ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
      impl.unfinished.emplace(topic, partition);
      impl.positions.emplace(std::pair(topic, partition), Impl::kUnread);
    }
  }
  auto code = rd_kafka_poll_set_consumer(impl.client.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = rd_kafka_assign(impl.client.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("reading topics", code));
  return reader;
}

Result<std::optional<TopicRecord>> TopicReader::next(Milliseconds timeout) {
  const MessageHandle message(rd_kafka_consumer_poll(impl_->client.get(), static_cast<int>(timeout.count())));
  if (message == nullptr) return std::nullopt;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    const Impl::Partition ended{rd_kafka_topic_name(message->rkt), message->partition};
    impl_->unfinished.erase(ended);
    impl_->positions[ended] = message->offset;
    return std::nullopt;
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("reading topics", message->err, rd_kafka_message_errstr(message.get())));
  impl_->positions[{rd_kafka_topic_name(message->rkt), message->partition}] = message->offset + 1;
  return record_from(*message);
}

Result<uint64_t> TopicReader::behind(Milliseconds timeout) {
  uint64_t behind = 0;
  for (const auto& [partition, position] : impl_->positions) {
    const auto& [topic, number] = partition;
    int64_t low = 0, high = 0;
    const auto code = ask_bounds(impl_->client.get(), topic, number, timeout, low, high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return tl::unexpected(kafka_error("offsets of " + topic + "/" + std::to_string(number), code));
    behind += static_cast<uint64_t>(std::max<int64_t>(0, high - std::max(position, low)));
  }
  return behind;
}

bool TopicReader::has_reached_ends() const {
  return impl_->unfinished.empty();
}

}  // namespace weir
