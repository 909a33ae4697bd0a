#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/topic_table.h"
#include "score/division/partition_times.h"
#include "score/score_options.h"
#include "score/state/state_chunk.h"

namespace weir {

struct ScorerState;

/// What a division of state could not take along as it was.
struct DivisionLosses {
  uint64_t clients = 0;    ///< no room in their chunk: those that tell least
  uint64_t episodes = 0;   ///< open ones of these: they end without a closing alert
  uint64_t summaries = 0;  ///< open ones of many clients, of which there is another in the new chunk: they, too
  uint64_t silences = 0;   ///< no room in their chunk
};

/// Makes chunks of a partition's state from shares of saved chunks of the same number (docs/adr/0057): a client's chunk goes by its hash,
/// as its partition does, so that it keeps it. A pure function of the bytes. One thread.
class ChunkMerger {
 public:
  ChunkMerger(const ScoreOptions& options, TopicTable topics);
  ~ChunkMerger();

  [[nodiscard]] uint32_t chunk_count() const;
  /// Begins an empty chunk.
  void begin(uint32_t chunk);
  /// Adds a share of a saved chunk; no bytes: it was empty. See Scorer::load for the errors, after which begin() comes next.
  Status add(std::string_view bytes, const ChunkShare& share);
  /// Appends the chunk of all shares, in a partition whose event time is this.
  void finish(const PartitionTimes& times, std::string& out);

  struct Counts {
    uint64_t clients = 0, episodes = 0, decisions = 0, silences = 0, groups = 0;
  };
  /// In the chunk that was finished last.
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Of all chunks so far.
  [[nodiscard]] const DivisionLosses& losses() const { return losses_; }

 private:
  void put_in_order();
  void make_room();
  void give_episodes();

  std::unique_ptr<ScorerState> state_;
  uint32_t chunk_ = 0;
  std::vector<Episode> episodes_;
  Counts counts_;
  DivisionLosses losses_;
};

}  // namespace weir
