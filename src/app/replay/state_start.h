#pragma once

#include <string>
#include <vector>

#include "app/replay/replay.h"
#include "config/config.h"
#include "lane/patience.h"

namespace weir {

/// What somebody should know of where a replay begins.
struct StateStart {
  std::string found;                ///< what the state is, in one sentence
  std::vector<std::string> doubts;  ///< why alerts may differ from the daemons', each in one sentence
};

/// Lets a replay begin where the daemons stand (docs/adr/0058-a-replay-from-the-state.md): its ranges then begin with the first records that
/// the detect group has not committed, and its scorers are the state of all records before these, made of the state topic's snapshots and the
/// observations behind them. Reads only, joins no group. `options` is of all partitions. Fails with kNotFound where no state is stored and
/// with kUnsupported where it does not fit the configuration. Blocks as long as there are observations to be read and `patience` lasts.
Result<StateStart> begin_at_state(const Config& config, ReplayOptions& options, Patience& patience);

}  // namespace weir
