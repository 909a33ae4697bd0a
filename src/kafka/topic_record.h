#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

struct rd_kafka_message_s;  // of the client library, whose header is for this folder alone

namespace weir {

/// A record of a topic, for tools that show or follow one: it holds all of it.
struct TopicRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  EventTime time{};
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;

  /// Empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

TopicRecord record_from(const rd_kafka_message_s& message);

}  // namespace weir
