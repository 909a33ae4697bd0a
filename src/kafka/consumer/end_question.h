#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/topic_table.h"
#include "kafka/consumer/side_call.h"
#include "lane/record_source.h"

namespace weir {

/// Asks the brokers where partitions end, beside the lane. One thread uses it; the client outlives it.
class EndQuestion {
 public:
  struct Answer {
    uint64_t number = 0;    ///< of the question
    bool is_known = false;  ///< of all of them
    /// What a consumer may see: not what open transactions hold back. kUnknown where none says.
    std::vector<PartitionOffset> ends;
  };

  /// False, and nothing is asked: the last question is not over.
  bool ask(rd_kafka_t* client, const TopicTable& topics, std::span<const PartitionOffset> of, uint64_t number);
  /// The answer that has come since.
  std::optional<Answer> take();

 private:
  void answer(rd_kafka_t* client, rd_kafka_topic_partition_list_t& list, Answer answer);

  std::mutex mutex_;
  std::optional<Answer> answer_;  // guarded by mutex_
  SideCall side_;                 // ends before what it uses
};

}  // namespace weir
