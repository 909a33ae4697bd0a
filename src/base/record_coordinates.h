#pragma once

#include <compare>
#include <cstdint>

namespace weir {

/// Where a request stands in the requests topics: enough to name it for ever and to make alert ids that a repeat of the
/// same record makes again. In `weir scan` the topic is 0, the partition 0 and the offset the line number from 0.
struct RecordCoordinates {
  uint16_t topic = 0;  ///< index into the configured list of topics
  int32_t partition = 0;
  int64_t offset = 0;
  uint32_t index = 0;  ///< of the request in the record, which may hold several

  auto operator<=>(const RecordCoordinates&) const = default;
};

/// Topic and index as one number for stored forms: without an index it is the topic alone, as before there were indices.
inline uint64_t topic_and_index(const RecordCoordinates& at) {
  return at.topic | static_cast<uint64_t>(at.index) << 16;
}
inline void set_topic_and_index(uint64_t number, RecordCoordinates& at) {
  at.topic = static_cast<uint16_t>(number);
  at.index = static_cast<uint32_t>(number >> 16);
}

/// In place of a record where there is none.
inline constexpr RecordCoordinates kNoRecord{0, 0, -1};

}  // namespace weir
