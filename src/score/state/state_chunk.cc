#include "score/state/state_chunk.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/binary_format.h"
#include "score/client_window.h"
#include "score/saved_client.h"
#include "score/saved_record.h"

namespace weir {
namespace {

// The layout is described in docs/state-chunk.md; change both together and raise the version.

/// The oldest that has room for what the chunk holds, so that a process that knows of nothing newer can read it.
ChunkLayout layout_for(const StateParts& state, uint32_t chunk) {
  if (state.order == ScoreOrder::kEventTime) return ChunkLayout::kInEventOrder;
  if (state.decisions.any(chunk, state.now_ms)) return ChunkLayout::kWithDecisions;
  return state.silences.of(chunk).empty() ? ChunkLayout::kWithValues : ChunkLayout::kWithSilences;
}

/// Open episodes of the clients of one chunk, with their owners' places in it.
struct OwnedEpisode {
  uint64_t sequence = 0;
  uint32_t number = 0;
  uint32_t owner = 0;
};

/// Runs ahead of the writer through a queue, so that the memory of clients is on its way when their turn comes.
class Lookahead {
 public:
  Lookahead(const ClientTable& clients, ClientSlot front) : clients_(clients), at_(front) {
    for (int i = 0; i < kDistance; ++i)
      step();
  }
  void step() {
    if (at_ == kNoClient) return;
    clients_.prefetch(at_);
    at_ = clients_.entry(at_).next;
  }

 private:
  static constexpr int kDistance = 8;
  const ClientTable& clients_;
  ClientSlot at_;
};

/// Returns how many.
uint32_t save_clients(const StateParts& state, uint32_t chunk, int64_t clock_ms, std::vector<OwnedEpisode>& owned,
                      std::string& out) {
  const ClientTable& clients = state.clients;
  BinaryWriter writer(out);
  uint32_t place = 0;
  for (const ClientRank rank : kSavedRanks) {
    uint32_t count = 0;
    const size_t count_at = out.size();
    out.append(4, '\0');
    Lookahead ahead(clients, clients.front(chunk, rank));
    for (ClientSlot slot = clients.front(chunk, rank); slot != kNoClient; slot = clients.entry(slot).next) {
      ahead.step();
      const ClientEntry& client = clients.entry(slot);
      const uint32_t* burst_words = clients.window(slot) + ClientWindow::words(state.window_requests);
      put_client(client, clients.window(slot), state.window_requests, clock_ms, state.bursts, burst_words, out);
      const auto first_owned = static_cast<std::ptrdiff_t>(owned.size());
      for (const uint32_t number : client.episodes) {
        if (number != kNoEpisode) owned.push_back({0, number, place});
      }
      if (const BurstActivity* activity = state.bursts.find(burst_words); activity != nullptr) {
        for (const KnownBurst& burst : activity->bursts) {
          const auto is_owned = [&](const OwnedEpisode& episode) { return episode.number == burst.episode; };
          if (burst.episode != kNoEpisode && std::none_of(owned.begin() + first_owned, owned.end(), is_owned))
            owned.push_back({0, burst.episode, place});
        }
      }
      ++place;
      ++count;
    }
    put_fixed(out.data() + count_at, count, 4);
  }
  return place;
}

void write_episode(BinaryWriter& out, const Episode& episode, uint32_t owner) {
  out.varint(owner);
  out.byte(static_cast<uint8_t>(episode.kind));
  out.byte(static_cast<uint8_t>(episode.client_kind));
  out.text(episode.client);
  write_coordinates(out, episode.first);
  write_coordinates(out, episode.last);
  write_address(out, episode.address);
  for (const int64_t time :
       {episode.last_ms, episode.first_seen_ms, episode.last_seen_ms, episode.counted_clock_ms, episode.alerted_ms}) {
    out.zigzag(time);
  }
  out.varint(episode.count);
  out.byte(static_cast<uint8_t>(episode.severity));
  out.varint(episode.categories);
  out.byte(episode.verdict.suspicious ? 1 : 0);
  out.varint(episode.verdict.reasons);
  out.zigzag(episode.verdict.risk_score);
  out.varint(episode.burst.reasons);
  out.varint(episode.burst.held);
  out.zigzag(episode.burst.retry_after.count());
  out.varint(episode.least);
  out.zigzag(episode.incident.stretch_ms);
  out.varint(episode.incident.number);
  out.varint(episode.burst.requests);
  for (const uint8_t count : {episode.verdict.requests, episode.verdict.addresses, episode.verdict.agents})
    out.varint(count);
  out.text(episode.values.packed());
  if (episode.kind == AlertKind::kAttack) episode.story->save(out);
}

void write_sources(BinaryWriter& out, const PartitionClock& clock) {
  const SourceTimes& times = clock.sources();
  out.varint(times.sources().size());
  if (!times.any()) return;
  out.zigzag(clock.now_ms());
  for (const int64_t item : {times.running().ends_ms, times.running().held_ms, times.running().told_ms})
    out.zigzag(item);
  for (const SourceTimes::Source& source : times.sources()) {
    out.varint(source.report.topic);
    out.zigzag(source.report.partition);
    const bool has_time = source.report.time_ms != SourceReport::kNoTime;
    const bool has_ended = source.ended_ms != SourceReport::kNoTime;
    out.byte(static_cast<uint8_t>((source.report.at_end ? 1 : 0) | (has_time ? 2 : 0) | (source.report.waits ? 4 : 0) |
                                  (has_ended ? 8 : 0)));
    if (has_time) out.zigzag(source.report.time_ms);
    if (has_ended) out.zigzag(source.ended_ms);
    out.zigzag(source.moved_ms);
  }
}

void write_event_order(const StateParts& state, uint32_t chunk, BinaryWriter& out) {
  out.byte(state.now_ms == PartitionClock::kUnset ? 0 : 1);
  if (state.now_ms != PartitionClock::kUnset) out.zigzag(state.now_ms);
  state.progress.write(out);
  state.waiting.save(chunk, out);
}

}  // namespace

uint64_t chunk_digest(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

void save_chunk(const StateParts& state, uint32_t chunk, std::string_view correlations, std::string& out) {
  const Episodes& episodes = state.episodes;
  const PartitionClock& clock = state.clock;
  const size_t begin = out.size();
  BinaryWriter writer(out);
  const ChunkLayout layout = layout_for(state, chunk);
  writer.byte(static_cast<uint8_t>(layout));
  writer.varint(state.clients.chunk_count());
  writer.varint(chunk);
  writer.varint(state.window_requests);
  writer.varint(static_cast<uint64_t>(state.bursts.options().window.count()));
  writer.varint(static_cast<uint64_t>(state.bursts.options().spraying_window.count()));
  writer.varint(state.bursts.places());
  writer.varint(clock.observations());
  if (clock.observations() != 0) {
    writer.zigzag(clock.now_ms());
    for (const int64_t greatest : {clock.greatest_ms(), clock.greatest_of_addresses_ms()}) {
      writer.byte(greatest == PartitionClock::kUnset ? 0 : 1);
      if (greatest != PartitionClock::kUnset) writer.zigzag(greatest);
    }
  }
  write_topics(writer, episodes.topics());
  write_sources(writer, clock);

  std::vector<OwnedEpisode> owned;
  const uint32_t clients = save_clients(state, chunk, clock.observations() == 0 ? 0 : clock.now_ms(), owned, out);
  const AlertBudget::Chunk& budget = state.budget.chunk(chunk);
  writer.zigzag(budget.minute);
  writer.varint(budget.opened);
  for (const uint32_t summary : budget.summaries) {
    if (summary != 0) owned.push_back({0, summary - 1, clients});
  }
  for (OwnedEpisode& episode : owned)
    episode.sequence = episodes.at(episode.number).sequence;
  std::sort(owned.begin(), owned.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  writer.varint(owned.size());
  for (const OwnedEpisode& episode : owned)
    write_episode(writer, episodes.at(episode.number), episode.owner);
  if (layout >= ChunkLayout::kWithSilences) state.silences.save(chunk, writer);
  if (layout >= ChunkLayout::kWithDecisions) state.decisions.save(chunk, state.now_ms, writer);
  if (layout >= ChunkLayout::kInEventOrder) write_event_order(state, chunk, writer);
  writer.text(correlations);
  writer.fixed64(chunk_digest(std::string_view(out).substr(begin)));
}

}  // namespace weir
