#pragma once

#include <span>

#include "score/correlation/correlator.h"
#include "score/partition_clock.h"
#include "score/score_options.h"

namespace weir {

/// Where a partition's event time stands, in all that keeps it.
struct PartitionTimes {
  PartitionClock clock;
  CorrelationTimes correlations;
};

/// Where the time of new partitions stands that take over the clients of these: at the least of the old ones, so that nothing closes or is
/// forgotten before its time. One that was left behind by so much that nothing of it counts any more does not hold the others
/// (client_idle and lateness). What the old ones know of their sources comes along.
PartitionTimes joint_times(std::span<const PartitionTimes> old, const ScoreOptions& options);

}  // namespace weir
