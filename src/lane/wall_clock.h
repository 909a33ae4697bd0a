#pragma once

#include <chrono>

#include "base/time.h"

namespace weir {

/// What time it is: for operating only. Whatever decides an alert goes by event time.
inline EventTime wall_clock() {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

}  // namespace weir
