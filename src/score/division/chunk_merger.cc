#include "score/division/chunk_merger.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "score/state/scorer_state.h"

namespace weir {

ChunkMerger::ChunkMerger(const ScoreOptions& options, TopicTable topics)
    : state_(std::make_unique<ScorerState>(options, topics)) {}
ChunkMerger::~ChunkMerger() = default;

uint32_t ChunkMerger::chunk_count() const {
  return state_->clients.chunk_count();
}

void ChunkMerger::begin(uint32_t chunk) {
  WEIR_ASSERT(chunk < chunk_count(), "a chunk of the state");
  state_->begin_restore();
  state_->order_in_force = ScoreOrder::kArrival;  // add() takes no other
  episodes_.clear();
  chunk_ = chunk;
}

Status ChunkMerger::add(std::string_view bytes, const ChunkShare& share) {
  if (bytes.empty()) return {};
  std::string_view correlations;
  if (Status status = add_chunk(bytes, chunk_, share, state_->parts(), episodes_, correlations); !status) return status;
  return state_->correlator.add(chunk_, correlations, share.has);
}

void ChunkMerger::finish(const PartitionTimes& times, std::string& out) {
  put_in_order();
  make_room();
  give_episodes();
  state_->clock = times.clock;
  state_->now_ms = times.clock.now_ms();
  state_->correlator.finish_added(chunk_, times.correlations);
  state_->save(chunk_, out);
  counts_ = {state_->clients.size(), state_->episodes.open_count(), state_->decisions.counts().active,
             state_->silences.count(), state_->correlator.statistics().groups};
}

/// Queues are by the time when a client was queued, and within the same millisecond by what does not depend on where it comes from.
void ChunkMerger::put_in_order() {
  ClientTable& clients = state_->clients;
  std::vector<ClientSlot> slots;
  for (const ClientRank rank : kSavedRanks) {
    slots.clear();
    for (ClientSlot slot = clients.front(chunk_, rank); slot != kNoClient; slot = clients.entry(slot).next)
      slots.push_back(slot);
    const auto place = [&](ClientSlot slot) {
      const ClientEntry& client = clients.entry(slot);
      return std::tuple(client.queued_clock_ms, client.hash, client.check);
    };
    std::sort(slots.begin(), slots.end(), [&](ClientSlot a, ClientSlot b) { return place(a) < place(b); });
    for (const ClientSlot slot : slots) {
      const bool touched = clients.entry(slot).touched;
      clients.queue(slot, rank, clients.entry(slot).queued_clock_ms);
      clients.entry(slot).touched = touched;
    }
  }
}

/// As an eviction chooses, but that nobody hears of what was open.
void ChunkMerger::make_room() {
  losses_.silences += state_->silences.make_room(chunk_);
  ClientTable& clients = state_->clients;
  for (const ClientRank rank : kSavedRanks) {
    while (clients.overfull(chunk_) && clients.front(chunk_, rank) != kNoClient) {
      const ClientSlot slot = clients.front(chunk_, rank);
      ++losses_.clients;
      losses_.episodes += std::erase_if(episodes_, [slot](const Episode& episode) { return episode.owner == slot; });
      state_->remove(slot);
    }
  }
}

void ChunkMerger::give_episodes() {
  const auto place = [](const Episode& episode) {
    return std::tuple(episode.first_seen_ms, episode.first.topic, episode.first.partition, episode.first.offset,
                      episode.kind, std::string_view(episode.client), episode.burst.reasons);
  };
  std::sort(episodes_.begin(), episodes_.end(),
            [&](const Episode& a, const Episode& b) { return place(a) < place(b); });
  for (Episode& episode : episodes_) {
    const bool is_summary = episode.owner == kNoClient;
    if (give_episode(state_->parts(), std::move(episode))) continue;
    ++(is_summary ? losses_.summaries : losses_.episodes);
  }
  episodes_.clear();
}

}  // namespace weir
