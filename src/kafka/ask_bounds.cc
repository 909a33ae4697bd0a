#include "kafka/ask_bounds.h"

#include <algorithm>
#include <chrono>

#include "kafka/handles.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kTimeOfBegin = -2;  // as kTimeOfEnd
constexpr Milliseconds kWakeTimeout{200};

rd_kafka_resp_err_t ask(rd_kafka_t* client, const std::string& topic, int32_t partition, int64_t time,
                        Clock::time_point until, int64_t& offset) {
  const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = time;
  const auto code =
      rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(std::max<int64_t>(left.count(), 1)));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  const rd_kafka_topic_partition_t& answer = list->elems[0];
  if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) return answer.err;
  if (answer.offset < 0) return RD_KAFKA_RESP_ERR__TIMED_OUT;  // it is still what was asked
  offset = answer.offset;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

rd_kafka_resp_err_t ask_end(rd_kafka_t* client, const std::string& topic, int32_t partition, Milliseconds timeout,
                            int64_t& end) {
  return ask(client, topic, partition, kTimeOfEnd, Clock::now() + timeout, end);
}

rd_kafka_resp_err_t ask_bounds(rd_kafka_t* client, const std::string& topic, int32_t partition, Milliseconds timeout,
                               int64_t& begin, int64_t& end) {
  const auto until = Clock::now() + timeout;
  const auto code = ask(client, topic, partition, kTimeOfBegin, until, begin);
  return code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : ask(client, topic, partition, kTimeOfEnd, until, end);
}

void ask_to_wake(rd_kafka_t* client, const std::string& topic, int32_t partition) {
  int64_t end = 0;
  static_cast<void>(ask_end(client, topic, partition, kWakeTimeout, end));
}

}  // namespace weir
