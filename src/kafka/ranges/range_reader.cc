#include "kafka/ranges/range_reader.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "kafka/ask_bounds.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/message.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kRangeQueueBytesMin = 256 << 10;
constexpr size_t kMessagesAtOnce = 256;
constexpr Milliseconds kServeInterval{500};

}  // namespace

struct RangeReader::Impl {
  struct Range {
    PartitionRange of;
    QueueHandle queue;
    std::vector<MessageHandle> messages;  ///< of the batch
    std::vector<InputRecord> records;
    std::vector<MessageHandle> next;  ///< came behind the batch's last
    int64_t expected = 0;
    bool is_at_end = false;  ///< nothing more comes
    size_t bytes_since_wake = 0;
  };

  ClientContext context;
  ClientHandle client;
  TopicTable topics;
  size_t queue_bytes = 0;  ///< of a range
  std::vector<Range> ranges;
  Clock::time_point next_serve{};

  Status assign();
  bool take(Range& range, MessageHandle& message, uint32_t records_max);
  void reach_end(Range& range);
  Status take_event(Range& range, const rd_kafka_message_t& message);
  Result<bool> receive(Range& range, uint32_t records_max, Milliseconds wait);
  [[nodiscard]] Filled state_of(const Range& range, uint32_t records_max) const;
  void wake_fetches(Range& range);
  Status serve();
};

RangeReader::RangeReader() : impl_(std::make_unique<Impl>()) {}

RangeReader::~RangeReader() {
  for (Impl::Range& range : impl_->ranges) {
    range.messages.clear();
    range.next.clear();
    range.queue.reset();
  }
  if (impl_->client) rd_kafka_assign(impl_->client.get(), nullptr);
}

Result<std::unique_ptr<RangeReader>> RangeReader::open(const ClientOptions& options, const TopicTable& topics,
                                                       std::span<const PartitionRange> ranges) {
  std::unique_ptr<RangeReader> reader(new RangeReader);
  Impl& impl = *reader->impl_;
  impl.topics = topics;
  impl.context.log = options.log;
  impl.context.client_id = "weir-replay";
  impl.queue_bytes = std::max(kRangeQueueBytesMin, kQueueBytes / std::max<size_t>(1, ranges.size()));
  ClientOptions own = options;
  // Of a client whose partitions have queues of their own the library takes it for each of them.
  own.memory.consumer_queue_kbytes = static_cast<uint32_t>(impl.queue_bytes / 1024);
  // A broker that has nothing for the partitions of one request keeps it so long, and the client asks for the others, which had no room when
  // it asked, only then (measured: 500 ms, the default, makes a replay of 8 partitions seven times slower).
  own.kafka.client_properties.emplace("fetch.wait.max.ms", Secret("10"));
  // The library wants a group's name even from a consumer that never joins one.
  auto client = make_client(RD_KAFKA_CONSUMER, consumer_properties(own, impl.context.client_id, {"weir-replay", {}}),
                            impl.context);
  if (!client) return tl::unexpected(client.error());
  impl.client = std::move(*client);
  for (const PartitionRange& partition_range : ranges) {
    Impl::Range& range = impl.ranges.emplace_back();
    range.of = partition_range;
    range.expected = partition_range.lead;
    range.is_at_end = partition_range.lead >= partition_range.end;
  }
  if (Status status = impl.assign(); !status) return tl::unexpected(status.error());
  return reader;
}

Status RangeReader::Impl::assign() {
  if (const auto code = rd_kafka_poll_set_consumer(client.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("reading a range", code));
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size())));
  for (Range& range : ranges) {
    if (range.is_at_end) continue;
    const std::string& topic = topics[range.of.topic];
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), range.of.partition)->offset = range.of.lead;
    // Before anything is fetched: what the assignment finds forwarded by the program it leaves so. Afterwards the first records may be in the
    // common queue already.
    range.queue.reset(rd_kafka_queue_get_partition(client.get(), topic.c_str(), range.of.partition));
    if (!range.queue) return fail(ErrorCode::kKafka, "kafka", "no queue for " + topic);
    rd_kafka_queue_forward(range.queue.get(), nullptr);
  }
  if (const auto code = rd_kafka_assign(client.get(), list.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("reading a range", code));
  return {};
}

// --- reading

Result<RangeReader::Filled> RangeReader::fill(size_t range_number, uint32_t records_max, Milliseconds wait) {
  Impl::Range& range = impl_->ranges[range_number];
  if (Status status = impl_->serve(); !status) return tl::unexpected(status.error());
  // What came with the last batch and did not belong to it.
  std::vector<MessageHandle> waiting = std::move(range.next);
  range.next.clear();
  for (MessageHandle& message : waiting)
    if (!impl_->take(range, message, records_max)) range.next.push_back(std::move(message));
  while (impl_->state_of(range, records_max) == Filled::kPartly) {
    const auto came = impl_->receive(range, records_max, wait);
    if (!came) return tl::unexpected(came.error());
    if (!*came) break;
    wait = Milliseconds(0);
  }
  return impl_->state_of(range, records_max);
}

RangeReader::Filled RangeReader::Impl::state_of(const Range& range, uint32_t records_max) const {
  const bool is_whole = range.records.size() >= records_max || !range.next.empty() || range.is_at_end;
  return is_whole ? Filled::kWhole : Filled::kPartly;
}

/// False: nothing was there.
Result<bool> RangeReader::Impl::receive(Range& range, uint32_t records_max, Milliseconds wait) {
  std::array<rd_kafka_message_t*, kMessagesAtOnce> came{};
  const size_t room = std::min<size_t>(came.size(), records_max - range.records.size());
  const ssize_t count =
      rd_kafka_consume_batch_queue(range.queue.get(), static_cast<int>(wait.count()), came.data(), room);
  if (count < 0) return tl::unexpected(kafka_error("reading a range", rd_kafka_last_error()));
  Status status;
  for (ssize_t i = 0; i < count; ++i) {
    MessageHandle message(came[static_cast<size_t>(i)]);
    if (!status) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      status = take_event(range, *message);
    } else if (!range.next.empty() || !take(range, message, records_max)) {
      range.next.push_back(std::move(message));
    }
  }
  if (!status) return tl::unexpected(status.error());
  wake_fetches(range);
  return count > 0;
}

/// False: the message belongs to the next batch. One that is not of the range is dropped, and ends it where it lies behind.
bool RangeReader::Impl::take(Range& range, MessageHandle& message, uint32_t records_max) {
  if (message->offset >= range.of.end) {
    reach_end(range);
    message.reset();
    return true;
  }
  if (message->offset < range.expected) return message.reset(), true;
  const bool is_lead = message->offset < range.of.begin;
  const bool fits = range.records.size() < records_max && range.next.empty() &&
                    (range.records.empty() || (range.records.front().offset < range.of.begin) == is_lead);
  if (!fits) return false;
  range.expected = message->offset + 1;
  range.bytes_since_wake += message->len + message->key_len;
  range.records.push_back({range.of.topic, range.of.partition, message->offset, append_time_of(*message),
                           text_of(message->key, message->key_len), text_of(message->payload, message->len),
                           message.get()});
  range.messages.push_back(std::move(message));
  if (range.expected >= range.of.end) reach_end(range);
  return true;
}

/// What is written behind the range meanwhile is not fetched.
void RangeReader::Impl::reach_end(Range& range) {
  if (std::exchange(range.is_at_end, true)) return;
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topics[range.of.topic].c_str(), range.of.partition);
  // Not paused it is fetched in vain, up to its queue's bound.
  if (rd_kafka_pause_partitions(client.get(), list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR && context.log)
    context.log(LogLevel::kDebug, "kafka: a range that is read cannot be paused");
}

Status RangeReader::Impl::take_event(Range& range, const rd_kafka_message_t& message) {
  // Before the range's end may be offsets that hold no record: markers of transactions, what was compacted or aborted.
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    reach_end(range);
    return {};
  }
  return tl::unexpected(kafka_error("reading " + topics[range.of.topic] + "/" + std::to_string(range.of.partition),
                                    message.err, rd_kafka_message_errstr(&message)));
}

/// As KafkaConsumer does: half a queue's worth was taken, and the thread that fetches may sleep until its second is over.
void RangeReader::Impl::wake_fetches(Range& range) {
  if (range.is_at_end) return;
  if (!fetches_need_wake_up() || range.bytes_since_wake < queue_bytes / 2) return;
  range.bytes_since_wake = 0;
  ask_to_wake(client.get(), topics[range.of.topic], range.of.partition);
}

/// The library's callbacks run where its own queue is polled. A record has no business there: it would be missing from its range.
Status RangeReader::Impl::serve() {
  if (Clock::now() < next_serve) return {};
  next_serve = Clock::now() + kServeInterval;
  const MessageHandle event(rd_kafka_consumer_poll(client.get(), 0));
  if (event == nullptr || event->err != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail(ErrorCode::kKafka, "kafka", "a record came outside of its partition's queue; try again");
}

std::span<const InputRecord> RangeReader::batch(size_t range) const {
  return impl_->ranges[range].records;
}

std::string_view RangeReader::header(const InputRecord& record, const char* name) {
  return header_of(*static_cast<const rd_kafka_message_t*>(record.native), name);
}

bool RangeReader::is_lead(size_t range) const {
  const Impl::Range& item = impl_->ranges[range];
  return item.records.front().offset < item.of.begin;
}

void RangeReader::release(size_t range) {
  impl_->ranges[range].records.clear();
  impl_->ranges[range].messages.clear();
}

bool RangeReader::is_finished(size_t range) const {
  const Impl::Range& item = impl_->ranges[range];
  return item.is_at_end && item.next.empty();
}

std::string RangeReader::problem() const {
  return impl_->context.problems();
}

}  // namespace weir
