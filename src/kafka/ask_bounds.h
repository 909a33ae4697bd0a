#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>

#include "base/time.h"

namespace weir {

/// Where a partition begins and ends: the answer of its leader, of what this client may see (without what is not decided, if it reads
/// what is committed). Waits as long as `timeout` and no longer. rd_kafka_query_watermark_offsets(), which is made for this, goes on
/// for ever with librdkafka before 2.3.0 while the leader cannot be reached, whatever its timeout: a lane that asked it was gone.
///
/// What is not known stays as it is, and the code says why; RD_KAFKA_RESP_ERR__TIMED_OUT: no answer came.

/// The time that Kafka's ListOffsets takes for a partition's end.
inline constexpr int64_t kTimeOfEnd = -1;

rd_kafka_resp_err_t ask_end(rd_kafka_t* client, const std::string& topic, int32_t partition, Milliseconds timeout,
                            int64_t& end);
/// Two requests.
rd_kafka_resp_err_t ask_bounds(rd_kafka_t* client, const std::string& topic, int32_t partition, Milliseconds timeout,
                               int64_t& begin, int64_t& end);

/// Any request to a leader wakes the thread that fetches from it (docs/kafka.md, "A full consumer queue"). Waits for its answer, 200 ms
/// at most; without one the library says elsewhere what is wrong, and fetching goes on by itself, only later.
void ask_to_wake(rd_kafka_t* client, const std::string& topic, int32_t partition);

}  // namespace weir
