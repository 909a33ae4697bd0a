#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string_view>

#include "base/time.h"

// What a message of the client library holds, in weir's types.
namespace weir {

/// A key, a value or a header's value; empty where there is none.
inline std::string_view text_of(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

/// Of its key and its value; headers are not counted.
inline size_t bytes_of(const rd_kafka_message_t& message) {
  return message.len + message.key_len;
}

/// The value of a message's header; empty when it has none.
inline std::string_view header_of(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return text_of(value, size);
}

/// The time that the producer or the broker gave it; EventTime::max() where none is known.
inline EventTime append_time_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t milliseconds = rd_kafka_message_timestamp(&message, &type);
  if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || milliseconds < 0) return EventTime::max();
  return EventTime(Milliseconds(milliseconds));
}

}  // namespace weir
