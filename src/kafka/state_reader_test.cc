#include "kafka/state_reader.h"

#include "base/catch.h"
#include "kafka/embedded_broker.h"
#include "kafka/record_feeder.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

constexpr uint32_t kChunks = 4;

/// A state topic of four partitions on the embedded broker, which knows no transactions: what is produced counts at once.
struct Fixture {
  Fixture() {
    const std::vector<EmbeddedBroker::Topic> topics{{"state", 4}};
    auto started = EmbeddedBroker::start(topics, lines.sink());
    REQUIRE(started);
    broker = std::move(*started);
    options.kafka.bootstrap_servers = broker->bootstrap_servers();
    options.kafka.group_id = group;
    options.log = lines.sink();
    auto made = RecordFeeder::create(options);
    REQUIRE(made);
    feeder = std::move(*made);
  }
  void write(StateRecord record) {
    record.observations_partitions = 4;
    record.chunk_count = kChunks;
    REQUIRE(feeder->produce("state", state_record_key(record, group), encode_state_record(record), record.partition));
  }
  void write_chunk(int32_t partition, uint32_t chunk, int64_t offset, std::string_view bytes) {
    StateRecord record;
    record.partition = partition;
    record.chunk = chunk;
    record.offset = offset;
    record.bytes = bytes;
    write(record);
  }
  std::vector<StoredState> read(const std::vector<StateStore::Request>& requests) {
    REQUIRE(feeder->flush(Milliseconds(60'000)));
    StateReader reader(options, "state");
    auto states = reader.read(requests, kChunks, patience);
    if (!states) FAIL(states.error().to_string());
    REQUIRE(states->size() == requests.size());
    return std::move(*states);
  }

  LogLines lines;
  Unlimited patience;
  std::unique_ptr<EmbeddedBroker> broker;
  ClientOptions options;
  std::string group = "weir";  ///< that writes
  std::unique_ptr<RecordFeeder> feeder;
};

}  // namespace

TEST_CASE("partitions are read side by side, each as far back as its chunks reach", "[kafka][mock]") {
  Fixture test;
  // Partition 0 in one window; partition 1's chunk 3 is some windows further back; 2 is empty; 3 has just begun.
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
    test.write_chunk(0, chunk, 10 + chunk, "zero");
  test.write_chunk(1, 3, 5, "far back");
  for (int i = 0; i < 3'000; ++i)
    test.write_chunk(1, static_cast<uint32_t>(i % 3), 10 + i, "at " + std::to_string(10 + i));
  StateRecord genesis;
  genesis.kind = StateRecord::Kind::kGenesis;
  genesis.partition = 3;
  genesis.offset = 7;
  test.write(genesis);

  const auto states = test.read({{1, 100'000}, {0, 11}, {3, 100}, {2, 100}});
  CHECK(states[0].complete());
  CHECK(states[0].chunks.at(3).bytes == "far back");
  CHECK(states[0].chunks.at(2).bytes == "at 3009");
  CHECK(states[1].chunks.size() == 2);  // those up to the committed offset
  CHECK(states[2].genesis == 7);
  CHECK(states[3].chunk_count == 0);
  CHECK(states[3].genesis == PartitionOffset::kUnknown);
}

TEST_CASE("what another group writes into the same topic is not read", "[kafka][mock]") {
  Fixture test;
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
    test.write_chunk(0, chunk, 10, "ours");
  test.group = "trial";
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
    test.write_chunk(0, chunk, 20, "theirs");
  const auto states = test.read({{0, 100}});
  REQUIRE(states[0].complete());
  CHECK(states[0].chunks.at(0).bytes == "ours");
}

TEST_CASE("reading the state of many partitions does not wait for the end of each", "[kafka][mock]") {
  Fixture test;
  std::vector<StateStore::Request> requests;
  for (int32_t partition = 0; partition < 4; ++partition) {
    for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
      test.write_chunk(partition, chunk, 10, std::string(100'000, 'x'));
    requests.push_back({partition, 50});
  }
  static_cast<void>(test.read(requests));  // the broker and the library have warmed up
  // A fetch at the end of a partition waits for half a second if it is let: four in a row were two seconds, every time. On a busy
  // machine a try or two may take as long even so.
  CHECK(wait_for([&] {
    const auto start = std::chrono::steady_clock::now();
    const auto states = test.read(requests);
    const auto took = std::chrono::steady_clock::now() - start;
    for (const StoredState& state : states)
      CHECK(state.complete());
    return took < Milliseconds(1'500);
  }));
}
