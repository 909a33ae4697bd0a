#include "kafka/ranges/decided_end.h"

#include <chrono>
#include <thread>

#include "kafka/ask_bounds.h"
#include "kafka/client_config.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kBoundsTry{1'000};
constexpr Milliseconds kSilenceMax{30'000};    // of a broker
constexpr Milliseconds kUndecidedMax{60'000};  // longer than any transaction of weir lives
constexpr Milliseconds kPause{100};

}  // namespace

Result<PartitionBounds> bounds_of(rd_kafka_t& client, const std::string& topic, int32_t partition, Patience& patience) {
  const auto give_up = Clock::now() + kSilenceMax;
  while (true) {
    PartitionBounds found;
    const auto code = ask_bounds(&client, topic, partition, kBoundsTry, found.low, found.high);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    if (!patience.may_wait() || Clock::now() >= give_up)
      return tl::unexpected(kafka_error("the ends of " + topic + "/" + std::to_string(partition), code));
    std::this_thread::sleep_for(kPause);
  }
}

Result<int64_t> decided_end(rd_kafka_t& committed, rd_kafka_t& everything, const std::string& topic, int32_t partition,
                            Patience& patience) {
  const auto give_up = Clock::now() + kUndecidedMax;
  const auto end = bounds_of(everything, topic, partition, patience);
  if (!end) return tl::unexpected(end.error());
  while (true) {
    const auto decided = bounds_of(committed, topic, partition, patience);
    if (!decided) return tl::unexpected(decided.error());
    if (decided->high >= end->high) return end->high;
    if (!patience.may_wait() || Clock::now() >= give_up) {
      return fail(ErrorCode::kKafka, "kafka",
                  "a transaction on " + topic + "/" + std::to_string(partition) + " stays undecided");
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace weir
