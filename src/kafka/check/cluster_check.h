#pragma once

#include "base/diagnostic.h"
#include "config/config.h"

namespace weir {

/// What is wrong with a cluster for this configuration: no connection, a refused password, topics that are missing or may not be seen,
/// settings with which client state would be lost, and every right that weir will need, each tried so that nothing comes of it. All
/// findings at once, each at the property that it is about. Takes some seconds.
Diagnostics check_cluster(const Config& config);

}  // namespace weir
