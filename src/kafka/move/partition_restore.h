#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/topic_table.h"
#include "kafka/client_options.h"
#include "lane/patience.h"
#include "lane/record_source.h"
#include "lane/state/state_division.h"
#include "score/score_options.h"

namespace weir {

/// What a restore needs to know besides where the partition stands.
struct PartitionRestoreOptions {
  ClientOptions client;
  ScoreOptions score;
  TopicTable topics;  ///< of the requests
  uint32_t observations_partitions = 0;
  uint64_t hash_key_mark = 0;
};

/// What of the stored states could not be used.
struct RestoreLosses {
  uint64_t chunks_lost = 0;     ///< retention has removed observations that they need
  uint64_t chunks_damaged = 0;  ///< could not be read
};

/// The state of one partition of the observations, at its committed offset, as a score lane restores it: chunks of the state topic, and the
/// observations behind them read again. Joins no group and writes nothing. Adds to `losses`; what is wrong with chunks goes to the log, too.
/// Fails when the state was made with settings that are not these. `scored` hears how many blocks were read again. Blocks as long as
/// `patience` lasts.
Result<WholeState> restore_partition(const PartitionRestoreOptions& options, AssignedPartition partition,
                                     RestoreLosses& losses, const std::function<void(uint64_t blocks)>& scored,
                                     Patience& patience);

}  // namespace weir
