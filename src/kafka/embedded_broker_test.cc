#include "kafka/embedded_broker.h"

#include <librdkafka/rdkafka.h>

#include "base/catch.h"
#include "kafka/ask_bounds.h"
#include "kafka/at_least_once.h"
#include "kafka/consumer/consumer.h"
#include "kafka/record_feeder.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_reader.h"
#include "lane/dead_letter.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

struct Cluster {
  explicit Cluster(std::vector<EmbeddedBroker::Topic> topics) {
    auto started = EmbeddedBroker::start(topics, lines.sink());
    REQUIRE(started);
    broker = std::move(*started);
    options.kafka.bootstrap_servers = broker->bootstrap_servers();
    options.kafka.session_timeout = Milliseconds(6'000);
    options.log = lines.sink();
  }

  std::vector<TopicRecord> read(const std::string& topic, size_t count, Milliseconds timeout = Milliseconds(60'000)) {
    auto reader = TopicReader::open(options, {&topic, 1}, TopicReader::Start::kBeginning);
    REQUIRE(reader);
    std::vector<TopicRecord> found;
    wait_for(
        [&] {
          auto record = (*reader)->next(Milliseconds(100));
          if (record && *record) found.push_back(std::move(**record));
          return found.size() >= count;
        },
        timeout);
    return found;
  }

  LogLines lines;
  std::unique_ptr<EmbeddedBroker> broker;
  ClientOptions options;
};

/// A consumer, and an at-least-once output beside it.
struct LaneEdges {
  explicit LaneEdges(Cluster& cluster, const std::string& dead_letter_topic = "dead",
                     const std::string& instance_id = {}) {
    auto made = KafkaConsumer::create(cluster.options, "test", {"group", instance_id}, {"in"}, counters);
    REQUIRE(made);
    consumer = std::move(*made);
    const auto factory = [&cluster, this] { return KafkaProducer::create(cluster.options, "test", counters); };
    auto producer = factory();
    REQUIRE(producer);
    output = std::make_unique<AtLeastOnceOutput>(std::move(*producer), factory, *consumer, dead_letter_topic,
                                                 cluster.lines.sink(), counters);
  }

  /// What has been read; again if the group did not answer in time, as a lane does.
  bool commit_read() {
    return wait_for([&] { return output->commit(consumer->uncommitted(), patience) == CommitOutcome::kCommitted; });
  }

  KafkaCounters counters;
  Unlimited patience;
  std::unique_ptr<KafkaConsumer> consumer;
  std::unique_ptr<AtLeastOnceOutput> output;
};

struct Ignore : RebalanceListener {
  Status on_assigned(std::span<AssignedPartition> partitions) override {
    assigned.assign(partitions.begin(), partitions.end());
    ++assignments;
    return {};
  }
  void on_revoked(bool lost) override {
    ++revocations;
    losses += lost;
  }
  std::vector<AssignedPartition> assigned;
  int assignments = 0, revocations = 0, losses = 0;
};

}  // namespace

TEST_CASE("what the feeder writes the reader reads, with keys, on every partition", "[kafka][mock]") {
  Cluster cluster({{"in", 2}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  REQUIRE((*feeder)->produce("in", "k", "first", 0));
  REQUIRE((*feeder)->produce("in", "k", "second", 1));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  const auto records = cluster.read("in", 2);
  REQUIRE(records.size() == 2);
  CHECK(records[0].key == "k");
  CHECK(records[0].value.size() + records[1].value.size() == 11);
}

TEST_CASE("a reader of a topic that does not exist says which", "[kafka][mock]") {
  Cluster cluster({{"in", 1}});
  const std::string topic = "nowhere";
  const auto reader = TopicReader::open(cluster.options, {&topic, 1}, TopicReader::Start::kBeginning);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().detail.find("nowhere") != std::string::npos);
}

TEST_CASE("missing topics are all named at once when they may not be created", "[kafka][mock]") {
  Cluster cluster({{"in", 3}});
  auto admin = TopicAdmin::create(cluster.options);
  REQUIRE(admin);
  const std::vector<TopicSpec> specs{{"in", false, 0, {}}, {"out", true, 2, {}}, {"dead", true, 2, {}}};
  const auto found = (*admin)->ensure(specs, TopicCreation::kNever, -1, Milliseconds(60'000));
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::kNotFound);
  CHECK(found.error().detail.find("out, dead") != std::string::npos);
  const auto only_in = (*admin)->ensure({specs.data(), 1}, TopicCreation::kNever, -1, Milliseconds(60'000));
  REQUIRE(only_in);
  CHECK(only_in->at("in") == 3);
}

TEST_CASE("topics are ready when the leaders of weir's own partitions serve them", "[kafka][mock]") {
  constexpr int kLeaderNotAvailable = 5;
  Cluster cluster({{"in", 1}, {"out", 2}});
  auto admin = TopicAdmin::create(cluster.options);
  REQUIRE(admin);
  const std::vector<TopicSpec> specs{{"in", false, 0, {}}, {"out", true, 2, {}}};
  cluster.broker->fail_offset_queries(kLeaderNotAvailable, 1'000);
  // On a busy machine the time may be over before any leader was asked.
  CHECK(wait_for([&] {
    const auto early = (*admin)->ensure(specs, TopicCreation::kNever, -1, Milliseconds(1'000));
    REQUIRE_FALSE(early);
    return early.error().detail.find("out [0]") != std::string::npos;
  }));
  const std::vector<TopicSpec> only_read{{"in", false, 0, {}}};
  CHECK((*admin)->ensure(only_read, TopicCreation::kNever, -1, Milliseconds(60'000)));
  Cluster calm({{"in", 1}, {"out", 2}});
  auto other = TopicAdmin::create(calm.options);
  REQUIRE(other);
  calm.broker->fail_offset_queries(kLeaderNotAvailable, 2);
  CHECK((*other)->ensure(specs, TopicCreation::kNever, -1, Milliseconds(60'000)));
}

TEST_CASE("a broker that does not answer admin calls ends in an error, in bounded time", "[kafka][mock]") {
  Cluster cluster({{"in", 1}});
  auto admin = TopicAdmin::create(cluster.options);
  REQUIRE(admin);
  const std::vector<TopicSpec> specs{{"out", true, 2, {}}};
  bool in_time = false;
  for (int trial = 0; trial < 3 && !in_time; ++trial) {  // a busy machine may exceed the time once
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE((*admin)->ensure(specs, TopicCreation::kIfMissing, -1, Milliseconds(1'000)));
    in_time = std::chrono::steady_clock::now() - start < std::chrono::seconds(8);
  }
  CHECK(in_time);
}

TEST_CASE("an unreachable broker is reported with its address and what to check", "[kafka]") {
  ClientOptions options;
  LogLines lines;
  options.log = lines.sink();
  options.kafka.bootstrap_servers = "127.0.0.1:1";
  auto admin = TopicAdmin::create(options);
  REQUIRE(admin);
  // On a busy machine the refusal may come after the time that was waited for it.
  CHECK(wait_for([&] {
    const Status status = (*admin)->wait_for_broker(Milliseconds(1'200));
    REQUIRE_FALSE(status);
    CHECK(status.error().detail.find("127.0.0.1:1") != std::string::npos);
    return status.error().detail.find("kafka.bootstrap_servers") != std::string::npos;
  }));
}

TEST_CASE("a consumer reads, commits, goes back, and a successor starts at the committed offset", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  for (int i = 0; i < 10; ++i)
    REQUIRE((*feeder)->produce("in", "", std::to_string(i), 0));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  Ignore listener;
  {
    LaneEdges edges(cluster);
    REQUIRE(edges.consumer->subscribe(listener, edges.patience));
    std::string read;
    // Not always by one poll: a fetch brings one batch of the feeder's, which a busy machine makes more of.
    const auto read_next = [&](size_t count) {
      const size_t wanted = read.size() + count;
      wait_for([&] {
        const auto left = static_cast<uint32_t>(wanted - read.size());
        for (const auto& record : edges.consumer->poll(left, Milliseconds(100), Milliseconds(10)))
          read += record.payload;
        return read.size() >= wanted;
      });
    };
    read_next(4);
    CHECK(read == "0123");
    edges.consumer->batch_done();
    REQUIRE(edges.commit_read());
    CHECK(edges.consumer->uncommitted().empty());
    read_next(3);
    CHECK(read == "0123456");
    edges.consumer->batch_done();
    REQUIRE(edges.consumer->rewind());
    read_next(3);
    CHECK(read == "0123456456");
    CHECK(edges.counters.stale_records.value() == 0);
    edges.consumer->close(edges.patience);  // without committing what was read last
    CHECK(listener.revocations == 1);
  }
  LaneEdges successor(cluster);
  REQUIRE(successor.consumer->subscribe(listener, successor.patience));
  std::string read;
  REQUIRE(wait_for([&] {
    for (const auto& record : successor.consumer->poll(100, Milliseconds(100), Milliseconds(10)))
      read += record.payload;
    return read.size() >= 6;
  }));
  CHECK(read == "456789");
  REQUIRE(listener.assigned.size() == 1);
  CHECK(listener.assigned.front().committed == 4);
  successor.consumer->close(successor.patience);
}

namespace {

/// Polls until `text` has been read, and forgets it.
bool read_until(KafkaConsumer& consumer, std::string& read, std::string_view text) {
  const bool found = wait_for([&] {
    for (const auto& record : consumer.poll(100, Milliseconds(50), Milliseconds(0)))
      read += record.payload;
    return read.find(text) != std::string::npos;
  });
  read.clear();
  return found;
}

}  // namespace

TEST_CASE("a static member that is shut out once joins anew; shut out again, it has a rival and ends",
          "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  REQUIRE((*feeder)->produce("in", "", "first", 0));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  Ignore listener;
  LaneEdges edges(cluster, "dead", "host-1");
  KafkaConsumer& consumer = *edges.consumer;
  REQUIRE(consumer.subscribe(listener, edges.patience));
  std::string read;
  REQUIRE(read_until(consumer, read, "first"));

  cluster.broker->fail_heartbeats(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, 1);
  REQUIRE(read_until(consumer, read, "first"));  // nothing was committed, so the new member reads it again
  CHECK(consumer.health());
  CHECK(listener.losses == 1);
  CHECK(edges.counters.consumer_renewals.value() == 1);

  cluster.broker->fail_heartbeats(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, 1);
  REQUIRE(wait_for([&] {
    consumer.poll(100, Milliseconds(50), Milliseconds(0));
    return !consumer.health();
  }));
  CHECK(consumer.health().error().detail.find("second process") != std::string::npos);
  CHECK(edges.counters.consumer_renewals.value() == 1);
}

TEST_CASE("going back where the partition is already taken away ends in a new assignment, not in an error",
          "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  REQUIRE((*feeder)->produce("in", "", "first", 0));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  Ignore listener;
  LaneEdges edges(cluster);
  KafkaConsumer& consumer = *edges.consumer;
  REQUIRE(consumer.subscribe(listener, edges.patience));
  std::string read;
  REQUIRE(read_until(consumer, read, "first"));
  consumer.batch_done();
  REQUIRE(rd_kafka_assign(consumer.native(), nullptr) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const bool by_seek = GENERATE(false, true);
  const Status gone = by_seek ? consumer.seek({0, 0, 0}) : consumer.rewind();
  CHECK(gone);
  CHECK(listener.losses == 0);  // told by the next poll
  REQUIRE(read_until(consumer, read, "first"));
  CHECK(listener.losses == 1);
  CHECK(consumer.health());
  CHECK(edges.counters.consumer_renewals.value() == 1);
}

TEST_CASE("a partition whose records have waited is read on when it comes back to the same client", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  const auto feed = [&](std::string_view text) {
    REQUIRE((*feeder)->produce("in", "", text, 0));
    REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  };
  feed("first");
  Ignore listener;
  LaneEdges edges(cluster);
  KafkaConsumer& consumer = *edges.consumer;
  REQUIRE(consumer.subscribe(listener, edges.patience));
  std::string read;
  REQUIRE(read_until(consumer, read, "first"));
  consumer.hold_back({0, 0, 0});
  consumer.let_go(0, 0, PartitionOffset::kUnknown);
  REQUIRE(read_until(consumer, read, "first"));
  consumer.batch_done();
  REQUIRE(edges.commit_read());

  // The group is divided anew, twice. A member that left before it was let in would be waited for until its session ends.
  Ignore others;
  LaneEdges other(cluster);
  REQUIRE(other.consumer->subscribe(others, other.patience));
  REQUIRE(wait_for([&] {
    consumer.poll(100, Milliseconds(50), Milliseconds(0));
    other.consumer->poll(100, Milliseconds(50), Milliseconds(0));
    return listener.assignments >= 2 && others.assignments >= 1;
  }));
  CHECK(listener.revocations >= 1);
  other.consumer->close(other.patience);
  feed("second");
  CHECK(read_until(consumer, read, "second"));
  CHECK(wait_for([&] {
    consumer.poll(100, Milliseconds(50), Milliseconds(0));
    return consumer.at_end(0, 0);
  }));
}

TEST_CASE("the brokers say where partitions end, whoever reads them", "[kafka][mock]") {
  Cluster cluster({{"in", 2}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  for (const int32_t partition : {0, 0, 0, 1})
    REQUIRE((*feeder)->produce("in", "", "x", partition));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  Ignore listener;
  LaneEdges edges(cluster);
  KafkaConsumer& consumer = *edges.consumer;
  CHECK_FALSE(consumer.take_ends());
  const std::vector<PartitionOffset> asked{{0, 0}, {0, 1}, {0, 7}};
  const auto answer_to = [&](std::span<const PartitionOffset> partitions) {
    REQUIRE(consumer.ask_ends(partitions));
    std::optional<std::vector<PartitionOffset>> ends;
    REQUIRE(wait_for([&] { return (ends = consumer.take_ends()).has_value(); }));
    return *ends;
  };
  // A busy machine may take longer than the consumer waits for the answer.
  const auto known_ends = [&](std::span<const PartitionOffset> partitions) {
    std::vector<PartitionOffset> ends;
    wait_for([&] {
      ends = answer_to(partitions);
      return ends.size() >= 2 && ends[0].offset >= 0 && ends[1].offset >= 0;
    });
    return ends;
  };
  const auto ends = known_ends({asked.data(), 2});
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].offset == 3);
  CHECK(ends[1].offset == 1);
  CHECK_FALSE(consumer.take_ends());  // once
  const auto with_unknown = answer_to(asked);
  REQUIRE(with_unknown.size() == 3);
  CHECK(with_unknown[2].offset == PartitionOffset::kUnknown);

  REQUIRE(consumer.subscribe(listener, edges.patience));
  std::string read;
  REQUIRE(wait_for([&] {
    for (const auto& record : consumer.poll(100, Milliseconds(50), Milliseconds(0)))
      read += record.payload;
    return read.size() == 4;
  }));
  CHECK(consumer.read_to(0, 0) == 3);
  CHECK(consumer.read_to(0, 1) == 1);
  CHECK(consumer.read_to(0, 7) == PartitionOffset::kUnknown);
}

TEST_CASE("who asks where a partition ends waits no longer for a leader that is away than it said", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  auto feeder = RecordFeeder::create(cluster.options);
  REQUIRE(feeder);
  REQUIRE((*feeder)->produce("in", "", "x", 0));
  REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  LaneEdges edges(cluster);
  rd_kafka_t* client = edges.consumer->native();
  int64_t begin = -7, end = -7;
  REQUIRE(ask_bounds(client, "in", 0, Milliseconds(60'000), begin, end) == RD_KAFKA_RESP_ERR_NO_ERROR);
  CHECK(begin == 0);
  CHECK(end == 1);
  begin = end = -7;
  CHECK(ask_bounds(client, "in", 9, Milliseconds(1'000), begin, end) != RD_KAFKA_RESP_ERR_NO_ERROR);
  cluster.broker->set(EmbeddedBroker::Reachability::kDown);
  for (int i = 0; i < 3; ++i)
    CHECK(ask_bounds(client, "in", 0, Milliseconds(300), begin, end) != RD_KAFKA_RESP_ERR_NO_ERROR);
  CHECK(begin == -7);
  CHECK(end == -7);
  cluster.broker->set(EmbeddedBroker::Reachability::kUp);
  CHECK(wait_for(
      [&] { return ask_end(client, "in", 0, Milliseconds(1'000), end) == RD_KAFKA_RESP_ERR_NO_ERROR && end == 1; }));
}

TEST_CASE("output that the broker refuses aborts, and no offset is committed", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"out", 1}, {"dead", 1}});
  LaneEdges edges(cluster);
  cluster.broker->fail_produce_requests(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
  REQUIRE(edges.output->begin(edges.patience));
  REQUIRE(edges.output->produce({"out", 0, {}, "refused", {}}, edges.patience));
  const PartitionOffset offset{0, 0, 1};
  CHECK(edges.output->commit({&offset, 1}, edges.patience) == CommitOutcome::kAborted);
  CHECK(edges.counters.delivery_errors.value() == 1);
  CHECK(edges.counters.commits.value() == 0);
  edges.output->abort(edges.patience);
  REQUIRE(edges.output->begin(edges.patience));
  const Status taken = edges.output->produce({"out", 0, {}, "taken", {}}, edges.patience);
  if (!taken) FAIL(taken.error().to_string());
  CHECK(edges.output->commit({}, edges.patience) == CommitOutcome::kCommitted);
  const auto stored = cluster.read("out", 1);
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().value == "taken");
}

TEST_CASE("a dead letter that is too large for the broker goes without its payload", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  LaneEdges edges(cluster);
  const std::string large(200'000, 'x');
  const InputRecord record{0, 0, 17, EventTime{}, "key", large, nullptr};
  const DeadLetter letter(record, "in", "detect", "too_large", "more than record_bytes_max");
  cluster.broker->fail_produce_requests(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
  REQUIRE(edges.output->begin(edges.patience));
  REQUIRE(edges.output->produce(letter.message("dead"), edges.patience));
  CHECK(edges.output->commit({}, edges.patience) == CommitOutcome::kCommitted);
  CHECK(edges.counters.dead_letters_truncated.value() == 1);
  const auto stored = cluster.read("dead", 1);
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().value.empty());
  CHECK(stored.front().key == "key");
  CHECK(stored.front().header(kPayloadTruncatedHeader) == "200000");
  CHECK(stored.front().header("__connect.errors.offset") == "17");
}

TEST_CASE("a small dead letter refused in the company of a large one is kept whole", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"dead", 1}});
  LaneEdges edges(cluster);
  const InputRecord record{0, 0, 18, EventTime{}, "key", "{small", nullptr};
  const DeadLetter letter(record, "in", "detect", "invalid_json", "at byte 1");
  cluster.broker->fail_produce_requests(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
  REQUIRE(edges.output->begin(edges.patience));
  REQUIRE(edges.output->produce(letter.message("dead"), edges.patience));
  CHECK(edges.output->commit({}, edges.patience) == CommitOutcome::kCommitted);
  CHECK(edges.counters.dead_letters_truncated.value() == 0);
  const auto stored = cluster.read("dead", 1);
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().value == "{small");
}

TEST_CASE("a full output queue is waited for and never grows", "[kafka][mock]") {
  Cluster cluster({{"in", 1}, {"out", 1}, {"dead", 1}});
  cluster.options.kafka.client_properties["queue.buffering.max.messages"] = Secret("10");
  cluster.options.kafka.client_properties["linger.ms"] =
      Secret("100");  // full before it is sent, also by a slow thread
  LaneEdges edges(cluster);
  REQUIRE(edges.output->begin(edges.patience));
  for (int i = 0; i < 100; ++i)
    REQUIRE(edges.output->produce({"out", 0, {}, std::to_string(i), {}}, edges.patience));
  CHECK(edges.output->commit({}, edges.patience) == CommitOutcome::kCommitted);
  CHECK(edges.counters.queue_full_waits.value() > 0);
  CHECK(cluster.read("out", 100).size() == 100);
}
