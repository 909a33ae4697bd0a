#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "score/division/chunk_merger.h"
#include "score/division/partition_times.h"
#include "score/score_options.h"

namespace weir {

/// The scoring state of one partition of the observations topic at its committed offset.
struct WholeState {
  std::vector<std::string> chunks;  ///< by number; none: the partition has no state
  PartitionTimes times;
  uint64_t waiting = 0;  ///< observations that wait to be scored in order, which no chunk of another order has
};

/// Divides the states of all partitions of an observations topic among those of another one (docs/adr/0057): each client and each group
/// of a correlation goes to the partition that a running weir would send its observations to. A pure function. One thread.
class StateDivision {
 public:
  /// The keyed hash of a client, as observations have it.
  using HashOf = std::function<uint64_t(ClientKind, std::string_view)>;

  /// `old`: by partition. `partitions`: how many there are to be.
  StateDivision(const ScoreOptions& options, TopicTable topics, std::vector<WholeState> old, int32_t partitions,
                HashOf hash_of);

  [[nodiscard]] uint32_t chunk_count() const { return merger_.chunk_count(); }
  /// Appends a chunk of a new partition. Each is made once. An error says that an old chunk is damaged.
  Status make(int32_t partition, uint32_t chunk, std::string& out);

  /// Of what was made so far.
  [[nodiscard]] const ChunkMerger::Counts& made() const { return made_; }
  [[nodiscard]] const DivisionLosses& losses() const { return merger_.losses(); }
  /// Of the old partitions' event times, how far the foremost one that counts is ahead of where the new ones begin; 0 without any.
  [[nodiscard]] Milliseconds set_back() const;

 private:
  std::vector<WholeState> old_;
  int32_t partitions_;
  HashOf hash_of_;
  PartitionTimes times_;
  ChunkMerger merger_;
  ChunkMerger::Counts made_;
};

}  // namespace weir
