#include "kafka/topic_record.h"

#include <librdkafka/rdkafka.h>

#include "kafka/message.h"

namespace weir {

TopicRecord record_from(const rd_kafka_message_s& message) {
  TopicRecord record{rd_kafka_topic_name(message.rkt),
                     message.partition,
                     message.offset,
                     EventTime(Milliseconds(rd_kafka_message_timestamp(&message, nullptr))),
                     std::string(text_of(message.key, message.key_len)),
                     std::string(text_of(message.payload, message.len)),
                     {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, text_of(value, size));
  }
  return record;
}

std::string_view TopicRecord::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.first == name) return header.second;
  }
  return {};
}

}  // namespace weir
