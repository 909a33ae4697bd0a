#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

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
  /// From the first message on, while there is more than is taken: what stands behind it may be of any partition.
  static constexpr Milliseconds kSettlesMax{60'000};

  /// At each poll. `losses`: of connections, so far; `away`: no broker is reached.
  void look(uint64_t losses, bool away, Clock::time_point now) {
    if (losses != losses_ || away || is_gap(now)) {
      losses_ = losses;
      until_ = now + kSilence;
      is_silent_ = true;
    }
    looked_ = now;
  }
  /// Messages came; `more_waits`: a poll took as many as it may.
  void message(bool more_waits, Clock::time_point now) {
    if (std::exchange(is_silent_, false)) {
      until_ = std::min(until_, now + kSettles);
      settles_until_ = now + kSettlesMax;
    }
    if (more_waits) waits(now);
  }
  /// There is more than may be taken: records that are held back.
  void waits(Clock::time_point now) {
    if (!is_silent_ && now < until_) until_ = std::max(until_, std::min(now + kSettles, settles_until_));
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
  Clock::time_point settles_until_{};
};

}  // namespace weir
