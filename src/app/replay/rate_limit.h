#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace weir {

/// So many records a second, by all threads together. Any thread.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: none.
  explicit RateLimit(uint64_t records_per_second) : per_second_(records_per_second) {}

  /// How long to wait before working on so many records. The turn is taken: what follows waits longer.
  Clock::duration take(uint64_t records, Clock::time_point now) {
    if (per_second_ == 0) return Clock::duration::zero();
    const std::lock_guard lock(mutex_);
    // What was not used is lost: no burst makes up for a pause.
    const auto turn = std::max(free_at_, now);
    free_at_ = turn + std::chrono::nanoseconds(static_cast<int64_t>(records * 1'000'000'000ULL / per_second_));
    return turn - now;
  }

  /// Records to be worked on at once, so that the rate is even within a second.
  [[nodiscard]] uint32_t records_at_once(uint32_t at_most) const {
    if (per_second_ == 0) return at_most;
    return static_cast<uint32_t>(std::clamp<uint64_t>(per_second_ / 10, 1, at_most));
  }

 private:
  const uint64_t per_second_;
  std::mutex mutex_;
  Clock::time_point free_at_{};  // guarded by mutex_
};

}  // namespace weir
