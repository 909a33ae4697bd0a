#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace weir {

/// What a member of a group does that was shut out for another one of its name (kafka.instance_id). The other may be a second
/// process; or it was itself: a join whose answer was lost with the group's coordinator, so that the repeat got another member id.
/// The first must be told to a person, the second heals by joining anew. One thread; a pure function of what it is told.
class RejoinJudge {
 public:
  using Clock = std::chrono::steady_clock;
  /// Shut out twice within this time without having lost the coordinator: there is a second process.
  static constexpr Milliseconds kRivalWithin{30'000};
  static constexpr Milliseconds kPauseFirst{500};  ///< before the second try in a row; doubled with each further one
  static constexpr Milliseconds kPauseMax{15'000};
  static constexpr Milliseconds kSteady{60'000};  ///< who was a member for so long begins without a pause again

  enum class Coordinator : uint8_t { kKept, kLostSinceJoin };
  struct Verdict {
    bool joins_anew = true;  ///< false: end, and say that there is a second process
    Milliseconds pause{0};   ///< before joining anew
  };

  /// The member has got its partitions.
  void joined(Clock::time_point now) { joined_at_ = now; }
  /// Shut out; with whether a connection was lost since joined().
  Verdict shut_out(Clock::time_point now, Coordinator coordinator);

 private:
  Clock::time_point joined_at_ = Clock::time_point::min();
  Clock::time_point counted_at_ = Clock::time_point::min();
  Milliseconds next_pause_{0};
};

}  // namespace weir
