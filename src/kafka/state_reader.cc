#include "kafka/state_reader.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBoundsTryMs = 1'000;
constexpr int kPollMs = 100;
constexpr Milliseconds kSilenceMax{30'000};    // of a broker, within a window
constexpr Milliseconds kUndecidedMax{60'000};  // longer than any transaction of weir lives
constexpr Milliseconds kUndecidedPause{100};

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
  auto client = make_client(RD_KAFKA_CONSUMER, properties, context_);
  if (client) rd_kafka_poll_set_consumer(client->get());
  return client;
}

/// Of what this client may see: for a reader of committed records the end is before the first undecided transaction.
Result<StateReader::Bounds> StateReader::bounds(rd_kafka_t& client, int32_t partition, Patience& patience) const {
  const auto give_up = Clock::now() + kSilenceMax;
  while (true) {
    Bounds found;
    const auto code =
        rd_kafka_query_watermark_offsets(&client, topic_.c_str(), partition, &found.low, &found.high, kBoundsTryMs);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    if (!patience.may_wait() || Clock::now() >= give_up)
      return tl::unexpected(kafka_error("the ends of " + topic_ + "/" + std::to_string(partition), code));
    std::this_thread::sleep_for(kUndecidedPause);
  }
}

Result<StoredState> StateReader::read(int32_t partition, int64_t committed, Patience& patience) {
  const auto client = connect("read_committed");
  if (!client) return tl::unexpected(client.error());
  StateCollector collector(committed);
  auto enough = collect(**client, partition, collector, patience);
  if (!enough) return tl::unexpected(enough.error());
  if (*enough) return collector.take();
  // What is missing may be in a transaction whose offsets are committed already and whose end is only not written here yet.
  if (Status status = wait_until_decided(**client, partition, patience); !status) return tl::unexpected(status.error());
  StateCollector again(committed);
  enough = collect(**client, partition, again, patience);
  if (!enough) return tl::unexpected(enough.error());
  return again.take();
}

Status StateReader::wait_until_decided(rd_kafka_t& client, int32_t partition, Patience& patience) {
  const auto everything = connect("read_uncommitted");
  if (!everything) return tl::unexpected(everything.error());
  const auto end = bounds(**everything, partition, patience);
  if (!end) return tl::unexpected(end.error());
  const auto give_up = Clock::now() + kUndecidedMax;
  while (true) {
    const auto decided = bounds(client, partition, patience);
    if (!decided) return tl::unexpected(decided.error());
    if (decided->high >= end->high) return {};
    if (!patience.may_wait() || Clock::now() >= give_up) {
      return fail(ErrorCode::kKafka, "kafka",
                  "a transaction on " + topic_ + "/" + std::to_string(partition) + " stays undecided");
    }
    std::this_thread::sleep_for(kUndecidedPause);
  }
}

/// Windows from the end backwards until the collector has enough. False when the beginning was reached without that.
Result<bool> StateReader::collect(rd_kafka_t& client, int32_t partition, StateCollector& collector,
                                  Patience& patience) const {
  const auto whole = bounds(client, partition, patience);
  if (!whole) return tl::unexpected(whole.error());
  int64_t end = whole->high;
  for (int64_t size = kFirstWindow; end > whole->low && !collector.enough(); size *= 4) {
    const Bounds window{std::max(whole->low, end - size), end};
    if (Status status = read_window(client, partition, window, collector, patience); !status)
      return tl::unexpected(status.error());
    end = window.low;
  }
  return collector.enough();
}

Status StateReader::read_window(rd_kafka_t& client, int32_t partition, Bounds window, StateCollector& collector,
                                Patience& patience) const {
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = window.low;
  auto code = rd_kafka_assign(&client, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = rd_kafka_assign(&client, list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("reading " + topic_, code));
  auto give_up = Clock::now() + kSilenceMax;
  while (true) {
    const MessageHandle message(rd_kafka_consumer_poll(&client, kPollMs));
    if (!patience.may_wait() || Clock::now() >= give_up)
      return fail(ErrorCode::kKafka, "kafka", "reading " + topic_ + " took too long");
    if (message == nullptr) continue;
    give_up = Clock::now() + kSilenceMax;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message->offset >= window.high) return {};
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* reason = rd_kafka_message_errstr(message.get());
      return tl::unexpected(kafka_error("reading " + topic_, message->err, reason == nullptr ? "" : reason));
    }
    if (message->offset >= window.high) return {};
    collector.add(message->offset, {static_cast<const char*>(message->payload), message->len});
  }
}

}  // namespace weir
