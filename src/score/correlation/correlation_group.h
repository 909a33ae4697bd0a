#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "alert/alert.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"
#include "score/correlation/correlation_window.h"

namespace weir {

using GroupSlot = uint32_t;
inline constexpr GroupSlot kNoGroup = 0xffffffff;
inline constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

/// The latest record of a group, for its alerts.
struct CorrelationLast {
  RecordCoordinates at;
  int64_t time_ms = 0;
  IpAddress address;
  ClientKind client_kind = ClientKind::kAddress;
};

/// A group's run of records at which the condition held (of judged timespans, for a tumbling window), while it is open.
struct CorrelationEpisode {
  RecordCoordinates first;
  int64_t first_seen_ms = 0;
  int64_t last_seen_ms = 0;  ///< greatest event time at which the condition held
  int64_t clock_ms = 0;      ///< the partition's event time then
  int64_t alerted_ms = 0;    ///< last_seen_ms at the latest alert
  uint64_t count = 0;
  uint32_t next_update = 0;  ///< index into the update counts
  double value = 0;
};

/// What a correlation knows about one group. Its place in the queues and the deadline that holds stand in GroupTable.
struct alignas(64) CorrelationGroup {
  const CorrelationDefinition* definition = nullptr;  ///< null: this place is free
  int64_t newest_ms = kNoTime;                        ///< greatest event time of its records
  int64_t clock_ms = kNoTime;                         ///< the partition's event time when the latest came
  int64_t begin_ms = kNoTime;                         ///< of the tumbling window; kNoTime: none is open
  int64_t begin_clock_ms = kNoTime;
  int64_t judged_until_ms = kNoTime;  ///< where the latest judged one ended; older records are late
  std::unique_ptr<CorrelationEpisode> episode;
  CorrelationWindow window;
  CorrelationLast last;
  int64_t fed_ms = kNoTime;  ///< event time of its latest result for other correlations
  uint64_t hash = 0;
  uint32_t chunk = 0;
  std::string text;  ///< as CorrelationEvent::group

  /// About what it takes in memory, its part of index, queue and deadlines included. A function of what is saved, so that a
  /// restored group counts as before.
  [[nodiscard]] uint64_t bytes() const {
    return kBytes + (text.size() > kShortText ? text.size() + 1 : 0) + window.heap_bytes() +
           (episode ? sizeof(CorrelationEpisode) : 0);
  }
  static const uint64_t kBytes;
  static constexpr size_t kShortText = 15;  // a std::string holds as much in itself
};
/// Besides the group itself a node of the table, 17 to 34 bytes of index and up to three deadlines.
inline constexpr uint64_t CorrelationGroup::kBytes = sizeof(CorrelationGroup) + 48 + 24 + 3 * 24;

}  // namespace weir
