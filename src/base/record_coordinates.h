#pragma once

#include <compare>
#include <cstdint>

namespace weir {

/// Where a record stands in the requests topics: enough to name it for ever and to make alert ids that a repeat of the
/// same record makes again. In `weir scan` the topic is 0, the partition 0 and the offset the line number from 0.
struct RecordCoordinates {
  uint16_t topic = 0;  ///< index into the configured list of topics
  int32_t partition = 0;
  int64_t offset = 0;

  auto operator<=>(const RecordCoordinates&) const = default;
};

/// In place of a record where there is none.
inline constexpr RecordCoordinates kNoRecord{0, 0, -1};

}  // namespace weir
