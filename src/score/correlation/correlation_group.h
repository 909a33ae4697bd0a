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

/// What a correlation knows about one group.
struct CorrelationGroup {
  /// About what a group costs besides its samples and text.
  static constexpr uint64_t kBytes = 320;

  const CorrelationDefinition* definition = nullptr;  ///< null: this place is free
  uint64_t hash = 0;
  std::string text;  ///< as CorrelationEvent::group
  uint32_t chunk = 0;
  uint64_t sequence = 0;  ///< of creation, ascending within a chunk
  GroupSlot next = kNoGroup, previous = kNoGroup;
  bool touched = false;  ///< a record came since it was queued
  CorrelationWindow window;
  int64_t newest_ms = kNoTime;  ///< greatest event time of its records
  int64_t clock_ms = kNoTime;   ///< the partition's event time when the latest came
  int64_t begin_ms = kNoTime;   ///< of the tumbling window; kNoTime: none is open
  int64_t begin_clock_ms = kNoTime;
  int64_t judged_until_ms = kNoTime;  ///< where the latest judged one ended; older records are late
  int64_t fed_ms = kNoTime;           ///< event time of its latest result for other correlations
  int64_t timer_ms = kNoTime;         ///< of its valid timer
  uint64_t bytes = 0;                 ///< as accounted
  CorrelationLast last;
  std::unique_ptr<CorrelationEpisode> episode;
};

}  // namespace weir
