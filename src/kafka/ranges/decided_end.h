#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "lane/patience.h"

namespace weir {

/// The records of a partition that there are.
struct PartitionBounds {
  int64_t low = 0, high = 0;
};

/// The bounds of what this client may see: for a reader of committed records the end is before the first undecided transaction. Blocks
/// for 30 s at most.
Result<PartitionBounds> bounds_of(rd_kafka_t& client, const std::string& topic, int32_t partition, Patience& patience);

/// Where the partition ends now, once every transaction before that is decided: `committed` sees committed records only, `everything`
/// all of them. Blocks for as long as a transaction may stay undecided, 60 s at most.
Result<int64_t> decided_end(rd_kafka_t& committed, rd_kafka_t& everything, const std::string& topic, int32_t partition,
                            Patience& patience);

}  // namespace weir
