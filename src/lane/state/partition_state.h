#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/topic_table.h"
#include "lane/record_source.h"
#include "lane/state/stored_state.h"
#include "score/scorer.h"

namespace weir {

/// The scoring state of one partition of the observations topic in a lane: where it stands, how far its restore has come, and
/// which of its chunks are due to be saved.
class PartitionState {
 public:
  PartitionState(int32_t partition, const ScoreOptions& options, TopicTable topics);

  [[nodiscard]] int32_t partition() const { return partition_; }
  [[nodiscard]] Scorer& scorer() { return scorer_; }
  ScorerStatistics counted;  ///< what of the scorer's statistics is already in the counters

  /// The next observation's offset; kUnknown before the first one of a partition nothing is committed of.
  [[nodiscard]] int64_t next_offset() const { return next_offset_; }
  void advance(int64_t next_offset) { next_offset_ = next_offset; }

  // --- restore

  /// Begins a restore up to `committed`.
  void begin_restore(RestorePlan plan, int64_t committed);
  [[nodiscard]] bool restoring() const { return restoring_; }
  /// Everything below this offset was scored in an earlier life.
  [[nodiscard]] int64_t committed() const { return committed_; }
  /// Puts back the chunks that belong before the observations at `offset`. An error names the chunk; the restore must
  /// begin anew without it.
  Status load_until(int64_t offset);
  void finish_restore();
  /// The chunk that load_until() failed at.
  [[nodiscard]] uint32_t failed_chunk() const { return plan_.chunks[loaded_].number; }

  // --- snapshots

  /// The beginning of the state is not on record yet.
  [[nodiscard]] bool genesis_due() const { return genesis_due_; }
  void genesis_written() { genesis_due_ = false; }
  /// How many chunks should have been looked at by now, so that a round takes `round`. Times count from anywhere.
  [[nodiscard]] bool snapshot_due(Milliseconds now, Milliseconds round);
  /// The next chunk of the round; its state must be that of the committed offset.
  uint32_t take_chunk();
  /// Its newest version on record is already that of the present offset.
  [[nodiscard]] bool chunk_current(uint32_t chunk) const { return saved_at_[chunk] == next_offset_; }
  void chunk_saved(uint32_t chunk, int64_t offset) { saved_at_[chunk] = offset; }

 private:
  int32_t partition_;
  int64_t next_offset_ = PartitionOffset::kUnknown;
  Scorer scorer_;

  bool restoring_ = false;
  int64_t committed_ = PartitionOffset::kUnknown;
  RestorePlan plan_;
  size_t loaded_ = 0;

  bool genesis_due_ = true;
  std::vector<int64_t> saved_at_;  // by chunk
  uint32_t round_done_ = 0;
  Milliseconds round_start_{-1};
};

}  // namespace weir
