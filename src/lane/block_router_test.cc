#include "lane/block_router.h"

#include "base/catch.h"
#include "lane/test_support.h"
#include "pipeline/observation_block.h"

using namespace weir;
using namespace weir::test;

namespace {

std::vector<Observation> observations(uint32_t count) {
  std::vector<Observation> made(count);
  for (uint32_t i = 0; i < count; ++i) {
    made[i].at = {0, 3, i};
    made[i].time = EventTime(Milliseconds(1'700'000'000'000 + i));
    made[i].client = "client";
    made[i].client_hash = i * 0x9e3779b97f4a7c15ULL;
  }
  return made;
}

std::vector<FakeOutput::Message> routed(BlockRouter& router, const std::vector<Observation>& input) {
  FakeOutput output;
  Unlimited patience;
  REQUIRE(output.begin(patience));
  const OutputHeader header{"weir.append.ms", "42"};
  REQUIRE(router.route(input, {&header, 1}, output, patience));
  REQUIRE(output.commit({}, patience) == CommitOutcome::kCommitted);
  return output.stored;
}

}  // namespace

TEST_CASE("every observation goes to the partition of its client, in order", "[kafka]") {
  BlockRouter router("obs", 4);
  const auto input = observations(500);
  const auto stored = routed(router, input);
  CHECK(stored.size() == 4);
  size_t seen = 0;
  for (const auto& message : stored) {
    CHECK(message.topic == "obs");
    CHECK(message.headers.at("weir.append.ms") == "42");
    ObservationBlock block;
    REQUIRE(decode_block(message.value, block));
    int64_t last = -1;
    for (const Observation& observation : block.observations) {
      CHECK(partition_of(observation.client_hash, 4) == message.partition);
      CHECK(observation.at.offset > last);
      last = observation.at.offset;
      ++seen;
    }
  }
  CHECK(seen == input.size());
}

TEST_CASE("a block that would be too large is divided without losing the order", "[kafka]") {
  BlockRouter router("obs", 1, 2'000);
  const auto stored = routed(router, observations(500));
  CHECK(stored.size() > 4);
  int64_t next = 0;
  for (const auto& message : stored) {
    CHECK(message.value.size() <= 2'000);
    ObservationBlock block;
    REQUIRE(decode_block(message.value, block));
    for (const Observation& observation : block.observations)
      CHECK(observation.at.offset == next++);
  }
  CHECK(next == 500);
}

TEST_CASE("an output that fails stops the routing with its error", "[kafka]") {
  BlockRouter router("obs", 4);
  FakeOutput output;
  output.produce_failures_left = 1;
  Unlimited patience;
  const auto input = observations(10);
  CHECK_FALSE(router.route(input, {}, output, patience));
}
