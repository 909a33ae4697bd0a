#include "kafka/topic_reader.h"

#include <set>
#include <utility>

#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/topic_admin.h"

namespace weir {
namespace {

constexpr Milliseconds kOpenTimeout{10'000};

TopicRecord record_from(const rd_kafka_message_t& message) {
  const auto text = [](const void* data, size_t size) {
    return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
  };
  TopicRecord record{rd_kafka_topic_name(message.rkt),
                     message.partition,
                     message.offset,
                     EventTime(Milliseconds(rd_kafka_message_timestamp(&message, nullptr))),
                     text(message.key, message.key_len),
                     text(message.payload, message.len),
                     {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, text(value, size));
  }
  return record;
}

}  // namespace

struct TopicReader::Impl {
  ClientContext context;
  ClientHandle client;
  std::set<std::pair<std::string, int32_t>> unfinished;  ///< partitions whose end was not reached yet
};

TopicReader::TopicReader() : impl_(std::make_unique<Impl>()) {}
TopicReader::~TopicReader() = default;

std::string_view TopicRecord::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.first == name) return header.second;
  }
  return {};
}

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
    impl_->unfinished.erase({rd_kafka_topic_name(message->rkt), message->partition});
    return std::nullopt;
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("reading topics", message->err, rd_kafka_message_errstr(message.get())));
  return record_from(*message);
}

bool TopicReader::has_reached_ends() const {
  return impl_->unfinished.empty();
}

}  // namespace weir
