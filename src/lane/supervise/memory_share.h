#pragma once

#include <cstdint>

#include "config/config.h"

namespace weir {

/// The bounds of one lane's Kafka clients: what the configuration leaves open (0) becomes a share of kafka_kbytes, so that all
/// `lanes` (at least 1) together stay below it, whatever the backlog. Shares above what a lane can use are cut.
MemoryConfig memory_per_lane(const MemoryConfig& memory, uint32_t lanes);

}  // namespace weir
