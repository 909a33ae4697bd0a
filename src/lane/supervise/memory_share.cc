#include "lane/supervise/memory_share.h"

#include <algorithm>

namespace weir {
namespace {

// More makes no lane faster (measured).
constexpr uint64_t kConsumerQueueMax = 32ULL << 20;
constexpr uint64_t kFetchMax = 8ULL << 20;
constexpr uint64_t kProducerQueueMax = 64ULL << 20;
// Below these a lane would mostly wait for the broker.
constexpr uint64_t kQueueMin = 1ULL << 20;
constexpr uint32_t kFetchMin = 1U << 20;  // the library refuses less than its message.max.bytes

// The library counts payloads in its queue. A short record costs it 2.5 times as much; a response counts when it is there, and
// is compressed until then, tenfold for logs.
constexpr uint64_t kConsumerParts = 6;
constexpr uint64_t kFetchParts = 48;
constexpr uint64_t kProducerParts = 4;

}  // namespace

MemoryConfig memory_per_lane(const MemoryConfig& memory, uint32_t lanes) {
  const uint64_t share = uint64_t{memory.kafka_kbytes} * 1024 / std::max<uint32_t>(lanes, 1);
  MemoryConfig result = memory;
  if (result.consumer_queue_kbytes == 0)
    result.consumer_queue_kbytes =
        static_cast<uint32_t>(std::clamp(share / kConsumerParts, kQueueMin, kConsumerQueueMax) / 1024);
  if (result.fetch_bytes_max == 0)
    result.fetch_bytes_max = static_cast<uint32_t>(std::min(share / kFetchParts, kFetchMax));
  result.fetch_bytes_max = std::max(result.fetch_bytes_max, kFetchMin);
  if (result.producer_queue_kbytes == 0)
    result.producer_queue_kbytes =
        static_cast<uint32_t>(std::clamp(share / kProducerParts, kQueueMin, kProducerQueueMax) / 1024);
  return result;
}

}  // namespace weir
