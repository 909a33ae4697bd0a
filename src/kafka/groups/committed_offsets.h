#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/topic_table.h"
#include "kafka/client_options.h"
#include "lane/patience.h"
#include "lane/record_source.h"

namespace weir {

/// Fills in what the client's group has committed for these partitions: asks until every one has an answer. Waits while a transaction
/// that may still change it is not decided; `slow` is called once when that takes long. False: `timeout` passed or `patience` ended.
bool find_committed(rd_kafka_t& client, rd_kafka_topic_partition_list_t& partitions, Milliseconds timeout,
                    Patience& patience, const std::function<void()>& slow);

/// What `group` has committed for these partitions of `topics`, in their order, without joining it; kUnknown: nothing. Blocks for 60 s
/// at most.
Result<std::vector<int64_t>> committed_offsets(const ClientOptions& options, const std::string& group,
                                               const TopicTable& topics, std::span<const PartitionOffset> partitions,
                                               Patience& patience);

}  // namespace weir
