#include "kafka/state_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kafka/ask_bounds.h"
#include "kafka/message.h"
#include "kafka/ranges/decided_end.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStatePollMs = 100;
constexpr Milliseconds kSilenceMax{30'000};  // of a broker, within a window

}  // namespace

StateReader::StateReader(const ClientOptions& options, std::string topic)
    : options_(options), topic_(std::move(topic)) {
  context_.log = options.log;
  context_.client_id = "weir-state-reader";
}

Result<ClientHandle> StateReader::connect(const char* isolation) {
  // The library wants a group's name even from a consumer that never joins one.
  GroupMember member{"weir-state-reader", {}};
  member.finds_ends = true;
  auto properties = consumer_properties(options_, context_.client_id, member);
  properties.push_back({"isolation.level", Secret(isolation)});
  properties.push_back({"max.partition.fetch.bytes", Secret("8388608")});
  // The end of a partition is told by a fetch that finds nothing, which by default waits for half a second.
  properties.push_back({"fetch.wait.max.ms", Secret("10")});
  auto client = make_client(RD_KAFKA_CONSUMER, properties, context_);
  if (client) rd_kafka_poll_set_consumer(client->get());
  return client;
}

Result<std::vector<StoredState>> StateReader::read(std::span<const Request> partitions, uint32_t chunk_count,
                                                   Patience& patience) {
  const auto client = connect("read_committed");
  if (!client) return tl::unexpected(client.error());
  // A round of snapshots with the marker of each transaction; usually all chunks are in it.
  const int64_t first_window = std::max(kFirstWindowMin, int64_t{chunk_count} * 2);
  std::vector<Reading> readings;
  for (const Request& request : partitions)
    readings.push_back({request.partition, StateCollector(request.committed), 0, {}, true});
  if (Status status = collect(**client, readings, first_window, patience); !status)
    return tl::unexpected(status.error());
  // What is missing may be in a transaction whose offsets are committed already and whose end is only not written here yet.
  std::vector<Reading> again;
  for (size_t i = 0; i < readings.size(); ++i) {
    if (!readings[i].collector.enough())
      again.push_back({partitions[i].partition, StateCollector(partitions[i].committed), 0, {}, true});
  }
  if (!again.empty()) {
    if (Status status = wait_until_decided(**client, again, patience); !status) return tl::unexpected(status.error());
    if (Status status = collect(**client, again, first_window, patience); !status)
      return tl::unexpected(status.error());
  }
  std::vector<StoredState> states;
  auto second = again.begin();
  for (Reading& reading : readings) {
    const bool repeated = second != again.end() && second->partition == reading.partition;
    states.push_back(repeated ? (second++)->collector.take() : reading.collector.take());
  }
  return states;
}

Status StateReader::wait_until_decided(rd_kafka_t& client, std::span<const Reading> incomplete, Patience& patience) {
  const auto everything = connect("read_uncommitted");
  if (!everything) return tl::unexpected(everything.error());
  for (const Reading& reading : incomplete) {
    const auto end = decided_end(client, **everything, topic_, reading.partition, patience);
    if (!end) return tl::unexpected(end.error());
  }
  return {};
}

/// Windows from the end backwards until each collector has enough or its partition's beginning is reached.
Status StateReader::collect(rd_kafka_t& client, std::span<Reading> readings, int64_t first_window,
                            Patience& patience) const {
  for (Reading& reading : readings) {
    const auto whole = bounds_of(client, topic_, reading.partition, patience);
    if (!whole) return tl::unexpected(whole.error());
    reading.low = whole->low;
    reading.window = {whole->high, whole->high};
  }
  for (int64_t size = first_window;; size *= 2) {
    std::vector<Reading*> wanted;
    for (Reading& reading : readings) {
      if (reading.window.low <= reading.low || reading.collector.enough()) continue;
      reading.window = {std::max(reading.low, reading.window.low - size), reading.window.low};
      reading.window_read = false;
      wanted.push_back(&reading);
    }
    if (wanted.empty()) return {};
    if (Status status = read_windows(client, wanted, patience); !status) return status;
  }
}

/// Reads the present window of each, all at once.
Status StateReader::read_windows(rd_kafka_t& client, std::span<Reading*> readings, Patience& patience) const {
  const PartitionListHandle list = list_of(readings);
  auto code = rd_kafka_assign(&client, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = rd_kafka_assign(&client, list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("reading " + topic_, code));
  const uint64_t wake_bytes = fetches_need_wake_up() ? uint64_t{options_.memory.consumer_queue_kbytes} * 1024 / 2 : 0;
  uint64_t bytes = 0;
  auto give_up = Clock::now() + kSilenceMax;
  while (std::any_of(readings.begin(), readings.end(), [](const Reading* reading) { return !reading->window_read; })) {
    const MessageHandle message(rd_kafka_consumer_poll(&client, kStatePollMs));
    if (!patience.may_wait() || Clock::now() >= give_up)
      return fail(ErrorCode::kKafka, "kafka", "reading " + topic_ + " took too long");
    if (message == nullptr) continue;
    give_up = Clock::now() + kSilenceMax;
    if (Status status = take(client, *message, readings); !status) return status;
    bytes += message->len;
    if (wake_bytes == 0 || bytes < wake_bytes) continue;
    bytes = 0;
    wake_fetches(client, message->partition);
  }
  return {};
}

/// A message, an error, or the news that a partition ends here.
Status StateReader::take(rd_kafka_t& client, const rd_kafka_message_t& message, std::span<Reading*> readings) const {
  const bool end = message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  if (!end && message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* reason = rd_kafka_message_errstr(&message);
    return tl::unexpected(kafka_error("reading " + topic_, message.err, reason == nullptr ? "" : reason));
  }
  const auto found = std::find_if(readings.begin(), readings.end(),
                                  [&](const Reading* reading) { return reading->partition == message.partition; });
  if (found == readings.end() || (*found)->window_read) return {};
  Reading& reading = **found;
  // Markers of transactions are no messages, so the window's last message need not stand at its end.
  if (message.offset >= reading.window.high) return finish_window(client, reading);
  if (!end && is_state_key_of(text_of(message.key, message.key_len), options_.kafka.group_id)) {
    reading.collector.add(message.offset, text_of(message.payload, message.len),
                          hash_key_mark(header_of(message, kHashKeyHeader.data())));
  }
  if (message.offset + 1 >= reading.window.high) return finish_window(client, reading);
  return {};
}

/// The other partitions go on without this one.
Status StateReader::finish_window(rd_kafka_t& client, Reading& reading) const {
  reading.window_read = true;
  Reading* finished = &reading;
  const PartitionListHandle list = list_of({&finished, 1});
  const ErrorHandle error(rd_kafka_incremental_unassign(&client, list.get()));
  if (error != nullptr) return tl::unexpected(kafka_error("reading " + topic_, rd_kafka_error_code(error.get())));
  return {};
}

/// See KafkaConsumer::wake_fetches_if_due().
void StateReader::wake_fetches(rd_kafka_t& client, int32_t partition) const {
  ask_to_wake(&client, topic_, partition);
}

PartitionListHandle StateReader::list_of(std::span<Reading*> readings) const {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(readings.size())));
  for (const Reading* reading : readings)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), reading->partition)->offset = reading->window.low;
  return list;
}

}  // namespace weir
