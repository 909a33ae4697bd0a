#include "lane/supervise/rejoin_judge.h"

#include <algorithm>
#include <utility>

namespace weir {

RejoinJudge::Verdict RejoinJudge::shut_out(Clock::time_point now, Coordinator coordinator) {
  if (coordinator == Coordinator::kKept) {
    const bool again = counted_at_ != Clock::time_point::min() && now - counted_at_ < kRivalWithin;
    if (again) return {false, Milliseconds(0)};
    counted_at_ = now;
  }
  const bool was_steady = joined_at_ != Clock::time_point::min() && now - joined_at_ >= kSteady;
  if (was_steady) next_pause_ = Milliseconds(0);
  const Milliseconds pause = next_pause_;
  next_pause_ = std::clamp(next_pause_ * 2, kPauseFirst, kPauseMax);
  return {true, pause};
}

}  // namespace weir
