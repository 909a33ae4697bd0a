#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "pipeline/lane_counters.h"

namespace weir {

/// Appends what the lanes count about Kafka, summed by stage; lag stands per topic and partition. Lanes without Kafka
/// counters are not allowed here.
void collect_kafka(const std::vector<LaneCounters>& lanes, std::vector<prometheus::MetricFamily>& out);

}  // namespace weir
