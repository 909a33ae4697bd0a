#pragma once

#include "pipeline/counters.h"

namespace weir {

/// Adds what one thread counted.
void add_to(DetectCounters& sum, const DetectCounters& counters);

}  // namespace weir
