#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "score/alert_budget.h"
#include "score/burst.h"
#include "score/client_table.h"
#include "score/decisions/decisions.h"
#include "score/episodes.h"
#include "score/hash_filter.h"
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

inline constexpr std::array kSavedRanks{ClientRank::kUnscored, ClientRank::kScored, ClientRank::kEpisodeOpen};
inline constexpr size_t kChunkDigestBytes = 8;
/// Of what stands before it in a chunk.
uint64_t chunk_digest(std::string_view bytes);

/// Appends the chunk.
void save_chunk(const StateParts& state, uint32_t chunk, std::string_view correlations, std::string& out);

/// Puts the bytes of save_chunk into an empty chunk. Sets a clock that has not begun, and compares one that has. See
/// Scorer::load for the errors; after one the chunk may be filled in part. Never reads outside `bytes`.
Status load_chunk(std::string_view bytes, uint32_t chunk, const StateParts& state, std::string_view& correlations);

/// What of a chunk goes to one partition of another number of them (docs/adr/0057): what a hash of the partition's is known by.
struct ChunkShare {
  HashFilter has;  ///< whether a client or group of this hash is the partition's
  std::function<uint64_t(ClientKind, std::string_view)> hash_of;  ///< of clients that are known by their names only
  bool has_summaries = false;  ///< the partition takes the episodes of the chunk's budget
};

/// Adds a share of a saved chunk to a chunk that may have others' shares. Leaves the state's clock as it is. Appends the episodes, which
/// are to be given (give_episode) when all shares are there. Errors as those of load_chunk.
Status add_chunk(std::string_view bytes, uint32_t chunk, const ChunkShare& share, const StateParts& state,
                 std::vector<Episode>& episodes, std::string_view& correlations);

/// Gives an episode to its client, or one without an owner to the budget of its chunk. False if that has one of the kind.
bool give_episode(const StateParts& state, Episode episode);

}  // namespace weir
