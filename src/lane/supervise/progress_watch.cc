#include "lane/supervise/progress_watch.h"

#include <algorithm>

namespace weir {

void ProgressWatch::progressed(Clock::time_point now) {
  quiet_since_ = now;
  stall_after_ = times_.stall_after;
}

bool ProgressWatch::has_stalled(Clock::time_point now) {
  if (now - quiet_since_ < stall_after_) return false;
  quiet_since_ = now;
  stall_after_ = std::min(stall_after_ * 2, kStallAfterMax);
  return true;
}

}  // namespace weir
