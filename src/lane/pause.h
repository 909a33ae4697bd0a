#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/time.h"
#include "lane/patience.h"

namespace weir {

/// False in a simulation, where nothing happens while one waits.
inline bool& pauses_take_time() {
  static bool take_time = true;
  return take_time;
}

/// Waits, in slices, as long as `patience` lasts.
inline void pause(Milliseconds time, Patience& patience) {
  constexpr Milliseconds kSlice{50};
  if (!pauses_take_time()) return;
  const auto until = std::chrono::steady_clock::now() + time;
  while (patience.may_wait()) {
    const auto left = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    std::this_thread::sleep_for(std::min(left, kSlice));
  }
}

}  // namespace weir
