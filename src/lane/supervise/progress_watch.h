#pragma once

#include <chrono>

#include "base/time.h"

namespace weir {

/// Tells when a lane has stopped getting on although there is work for it. What its client library does then can be anything, so this
/// looks at what comes out of it alone. One thread; a pure function of what it is told.
class ProgressWatch {
 public:
  using Clock = std::chrono::steady_clock;
  /// Quiet for so long while there is work, a lane counts as stalled; doubled with each time that a new client did not help.
  static constexpr Milliseconds kStallAfter{60'000};
  static constexpr Milliseconds kStallAfterMax{480'000};
  /// So long a lane may be quiet before anyone asks whether there is work.
  static constexpr Milliseconds kAskAfter{20'000};

  struct Times {
    Milliseconds ask_after = kAskAfter;
    Milliseconds stall_after = kStallAfter;
  };

  explicit ProgressWatch(Clock::time_point now) : ProgressWatch(now, Times()) {}
  ProgressWatch(Clock::time_point now, const Times& times)
      : times_(times), quiet_since_(now), stall_after_(times.stall_after) {}

  /// A record or an assignment came.
  void progressed(Clock::time_point now);
  /// There is nothing to do, or no broker to do it with: neither progress nor a stall.
  void excused(Clock::time_point now) { quiet_since_ = now; }

  /// Time to ask whether there is work.
  [[nodiscard]] bool is_quiet(Clock::time_point now) const { return now - quiet_since_ >= times_.ask_after; }
  /// There is work. True: the lane has stalled, its client is to be made anew; the time begins again.
  bool has_stalled(Clock::time_point now);

 private:
  Times times_;
  Clock::time_point quiet_since_;
  Milliseconds stall_after_;
};

}  // namespace weir
