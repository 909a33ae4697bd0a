#pragma once

#include <vector>

#include "alert/alert.h"
#include "base/time.h"
#include "pipeline/observation_block.h"
#include "score/scorer.h"

namespace weir {

/// What a block does to the state of its partition, in whatever life of it: appends the alerts that come of it. `append_time` is the
/// broker's, EventTime::max() where none is known.
inline void score(const ObservationBlock& block, EventTime append_time, Scorer& scorer, std::vector<Alert>& alerts) {
  if (!block.sources.empty()) {
    const bool is_timed = append_time != EventTime::max();
    scorer.take_sources(block.sources, is_timed ? append_time.time_since_epoch().count() : 0);
  }
  if (!block.orders.empty()) scorer.decide(block.orders, alerts);
  scorer.observe(block.observations, block.correlations.events, alerts);
  if (!block.sources.empty()) scorer.follow_sources(alerts);
}

}  // namespace weir
