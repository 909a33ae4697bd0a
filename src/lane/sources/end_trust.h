#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace weir {

/// Whether what a consumer has heard of the ends of its partitions still holds. After an interruption it does not: what came meanwhile
/// arrives for one partition sooner than for another, and a partition that was at its end before would seem to be there still.
class EndTrust {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Milliseconds kPollGap{
      5'000};  ///< not polled for so long is an interruption, as a lost connection is
  static constexpr Milliseconds kSettles{3'000};   ///< after the first message that comes again
  static constexpr Milliseconds kSilence{10'000};  ///< and without one

  /// At each poll. `losses`: of connections, so far; `away`: no broker is reached.
  void look(uint64_t losses, bool away, Clock::time_point now) {
    if (losses != losses_ || away || is_gap(now)) {
      losses_ = losses;
      until_ = now + kSilence;
      is_silent_ = true;
    }
    looked_ = now;
  }
  /// Messages came.
  void message(Clock::time_point now) {
    if (!is_silent_) return;
    is_silent_ = false;
    until_ = std::min(until_, now + kSettles);
  }
  [[nodiscard]] bool holds(Clock::time_point now) const { return now >= until_ && !is_gap(now); }

 private:
  [[nodiscard]] bool is_gap(Clock::time_point now) const {
    return looked_ != Clock::time_point() && now - looked_ > kPollGap;
  }

  uint64_t losses_ = 0;
  bool is_silent_ = false;
  Clock::time_point looked_{};
  Clock::time_point until_{};
};

}  // namespace weir
