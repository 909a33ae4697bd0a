#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace weir {

/// The partition's event time: the greatest that two observations have reached, in bounded steps, so that one wrong time far
/// ahead ends and forgets nothing. All chunks of the state share it; each saved chunk holds it.
class PartitionClock {
 public:
  void advance(int64_t time_ms) {
    if (observations_++ == 0) now_ms_ = greatest_ms_ = time_ms;
    const int64_t reached_twice = std::min(time_ms, greatest_ms_);
    greatest_ms_ = std::max(greatest_ms_, time_ms);
    if (reached_twice > now_ms_) now_ms_ = reached_twice - now_ms_ > kStepMax ? now_ms_ + kStepMax : reached_twice;
  }
  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  [[nodiscard]] int64_t greatest_ms() const { return greatest_ms_; }
  /// How many observations the partition has had; what comes in turns (expiry) goes by it.
  [[nodiscard]] uint64_t observations() const { return observations_; }

  static PartitionClock restored(uint64_t observations, int64_t now_ms, int64_t greatest_ms) {
    PartitionClock clock;
    clock.observations_ = observations;
    clock.now_ms_ = now_ms;
    clock.greatest_ms_ = greatest_ms;
    return clock;
  }
  bool operator==(const PartitionClock&) const = default;

 private:
  static constexpr int64_t kUnset = std::numeric_limits<int64_t>::min();
  static constexpr int64_t kStepMax = Milliseconds{600'000}.count();
  uint64_t observations_ = 0;
  int64_t now_ms_ = kUnset;
  int64_t greatest_ms_ = kUnset;
};

}  // namespace weir
