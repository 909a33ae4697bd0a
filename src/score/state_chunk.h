#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "score/alert_budget.h"
#include "score/burst.h"
#include "score/client_table.h"
#include "score/decisions/decisions.h"
#include "score/episodes.h"
#include "score/orders/silences.h"
#include "score/partition_clock.h"
#include "score/score_options.h"
#include "score/waiting/arrival_progress.h"
#include "score/waiting/waiting_records.h"

namespace weir {

/// A chunk of a partition's scoring state in a compact, versioned binary form (docs/state-chunk.md): its clients in the order
/// of their queues, its open episodes by age, the clock. `correlations`:
/// what Correlator::save wrote of the same chunk.

/// What the state consists of.
struct StateParts {
  ClientTable& clients;
  Bursts& bursts;
  Episodes& episodes;
  AlertBudget& budget;
  PartitionClock& clock;
  Silences& silences;
  Decisions& decisions;
  WaitingRecords& waiting;
  ArrivalProgress& progress;
  ScoreOrder& order;         ///< that of the state
  int64_t& now_ms;           ///< the event time up to which the partition is scored
  uint32_t window_requests;  ///< capacity of a client's window
};

/// Appends the chunk.
void save_chunk(const StateParts& state, uint32_t chunk, std::string_view correlations, std::string& out);

/// Puts the bytes of save_chunk into an empty chunk. Sets a clock that has not begun, and compares one that has. See
/// Scorer::load for the errors; after one the chunk may be filled in part. Never reads outside `bytes`.
Status load_chunk(std::string_view bytes, uint32_t chunk, const StateParts& state, std::string_view& correlations);

}  // namespace weir
