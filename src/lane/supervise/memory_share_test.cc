#include "lane/supervise/memory_share.h"

#include "base/catch.h"

namespace weir {
namespace {

TEST_CASE("what the lanes' clients may hold together does not grow with their number") {
  MemoryConfig memory;
  memory.kafka_kbytes = 524'288;
  uint64_t before = 0;
  for (const uint32_t lanes : {4U, 16U, 64U}) {
    const MemoryConfig config = memory_per_lane(memory, lanes);
    const uint64_t held = lanes * uint64_t{config.consumer_queue_kbytes + config.producer_queue_kbytes};
    CHECK(held <= memory.kafka_kbytes);
    CHECK(held >= before / 2);
    before = held;
  }
}

TEST_CASE("a lane's bounds are neither above what it can use nor below what it needs") {
  MemoryConfig memory;
  memory.kafka_kbytes = 1U << 30;
  CHECK(memory_per_lane(memory, 1).consumer_queue_kbytes == 32'768);
  CHECK(memory_per_lane(memory, 1).fetch_bytes_max == 8 << 20);
  CHECK(memory_per_lane(memory, 0).producer_queue_kbytes == 65'536);
  memory.kafka_kbytes = 65'536;
  CHECK(memory_per_lane(memory, 512).consumer_queue_kbytes == 1'024);
  CHECK(memory_per_lane(memory, 512).fetch_bytes_max == 1 << 20);
  CHECK(memory_per_lane(memory, 512).producer_queue_kbytes == 1'024);
}

TEST_CASE("a bound that the configuration sets stays as it is") {
  MemoryConfig memory;
  memory.consumer_queue_kbytes = 5'000;
  memory.fetch_bytes_max = 7'000'000;
  memory.producer_queue_kbytes = 6'000;
  const MemoryConfig config = memory_per_lane(memory, 16);
  CHECK(config.consumer_queue_kbytes == 5'000);
  CHECK(config.fetch_bytes_max == 7'000'000);
  CHECK(config.producer_queue_kbytes == 6'000);
}

}  // namespace
}  // namespace weir
