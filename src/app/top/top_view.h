#pragma once

#include <string>

#include "app/terminal/terminal.h"
#include "app/top/metric_samples.h"

namespace weir {

/// What a weir said of itself at one time.
struct TopSample {
  MetricSamples metrics;
  std::string ready;   ///< the answer of /-/ready, one line
  double seconds = 0;  ///< of a clock that never goes back
};

/// A screen of rates between two samples, current states, and what is hit most.
std::string top_screen(const TopSample& before, const TopSample& now, const Palette& palette);

}  // namespace weir
