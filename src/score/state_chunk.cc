#include "score/state_chunk.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#include "base/binary_format.h"
#include "score/client_check.h"
#include "score/client_window.h"
#include "score/saved_client.h"
#include "score/saved_record.h"

namespace weir {
namespace {

// The layout is described in docs/state-chunk.md; change both together and raise the version.
constexpr auto kVersion = static_cast<uint8_t>(ChunkLayout::kInEventOrder);
// Older ones are read, never written. The first has neither sources nor the incidents of bursts.
constexpr auto kOldestVersion = static_cast<uint8_t>(ChunkLayout::kWithoutSources);
constexpr size_t kDigestBytes = 8;
constexpr size_t kTopicsMax = 1024;
constexpr std::array kRanks{ClientRank::kUnscored, ClientRank::kScored, ClientRank::kEpisodeOpen};

/// The oldest that has room for what the chunk holds, so that a process that knows of nothing newer can read it.
ChunkLayout layout_for(const StateParts& state, uint32_t chunk) {
  if (state.order == ScoreOrder::kEventTime) return ChunkLayout::kInEventOrder;
  if (state.decisions.any(chunk, state.now_ms)) return ChunkLayout::kWithDecisions;
  return state.silences.of(chunk).empty() ? ChunkLayout::kWithValues : ChunkLayout::kWithSilences;
}

uint64_t digest_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

tl::unexpected<Error> bad_chunk(std::string detail) {
  return fail(ErrorCode::kParse, "score", "state chunk: " + std::move(detail));
}
tl::unexpected<Error> other_layout(std::string detail) {
  return fail(ErrorCode::kUnsupported, "score", "state chunk: " + std::move(detail));
}

/// Open episodes of the clients of one chunk, with their owners' places in it.
struct OwnedEpisode {
  uint64_t sequence = 0;
  uint32_t number = 0;
  uint32_t owner = 0;
};

// --- writing

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
  for (const ClientRank rank : kRanks) {
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

// --- reading

/// What scoring in the order of event time keeps of a whole partition.
struct EventOrderTimes {
  int64_t now_ms = PartitionClock::kUnset;
  ArrivalProgress progress;
  bool operator==(const EventOrderTimes&) const = default;
};

bool read_event_order(BinaryReader& in, uint32_t chunk, const StateParts& state, EventOrderTimes& times) {
  times.now_ms = PartitionClock::kUnset;
  if (in.enumerator<uint8_t>(2) == 1) {
    times.now_ms = in.signed_number<int64_t>();
    if (!is_plausible_time(times.now_ms)) return false;
  }
  const auto is_of_chunk = [&](uint64_t client_hash) { return state.clients.chunk_of(client_hash) == chunk; };
  return times.progress.read(in) && state.waiting.load(chunk, in, is_of_chunk);
}

PartitionClock read_clock(BinaryReader& in, bool& is_plausible) {
  const uint64_t observations = in.varint();
  if (observations == 0) return {};
  const auto now_ms = in.signed_number<int64_t>();
  is_plausible = is_plausible_time(now_ms);
  std::array<int64_t, 2> greatest{PartitionClock::kUnset, PartitionClock::kUnset};
  for (int64_t& item : greatest) {
    if (in.enumerator<uint8_t>(2) == 0) continue;
    item = in.signed_number<int64_t>();
    is_plausible = is_plausible && is_plausible_time(item);
  }
  return PartitionClock::restored(observations, now_ms, greatest[0], greatest[1]);
}

bool is_source_time(int64_t time_ms) {
  return time_ms == SourceReport::kNoTime || is_plausible_time(time_ms);
}

/// For each saved topic its present index, or none if the configuration no longer has it.
constexpr uint16_t kNoTopic = TopicTable::kNoTopic;
bool read_topics(BinaryReader& in, TopicTable topics, std::vector<uint16_t>& places) {
  const auto count = in.number<uint32_t>();
  if (count > kTopicsMax) return false;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text();
    if (in.ok()) places.push_back(topics.add(name, TopicTable::Unclaimed::kRefuse).value_or(kNoTopic));
  }
  return in.ok();
}

/// Of a topic that is no longer configured no record can be named any more. False if it was none of the chunk's.
bool use_present_topics(std::vector<BurstPane>& panes, const std::vector<uint16_t>& topics) {
  for (BurstPane& pane : panes) {
    for (LatestRecord* latest : {&pane.failures.latest, &pane.errors.latest, &pane.attacks.latest}) {
      if (latest->at == kNoRecord || latest->at.topic == kNoTopic) continue;
      if (latest->at.topic >= topics.size()) return false;
      if (topics[latest->at.topic] == kNoTopic) {
        *latest = {};
      } else {
        latest->at.topic = topics[latest->at.topic];
      }
    }
  }
  return true;
}

/// Gives a client what it had of bursts but the open ones.
bool load_bursts(SavedClient& saved, uint32_t chunk, const std::vector<uint16_t>& topics, Bursts& bursts,
                 uint32_t* words) {
  for (const auto& pane : saved.requests) {
    if (pane.before_newest >= bursts.places()) return false;
    bursts.set_requests(words, saved.newest_pane, pane.before_newest, pane.count);
  }
  if (!saved.has_activity) return true;
  if (!use_present_topics(saved.activity.panes, topics) || !use_present_topics(saved.activity.slow_panes, topics))
    return false;
  bursts.set_activity(words, chunk, std::move(saved.activity));
  return true;
}

/// `has_same_windows`: counts for bursts were made with the windows now configured; otherwise they mean nothing.
bool load_clients(BinaryReader& in, ChunkLayout layout, uint32_t chunk, const StateParts& state, int64_t clock_ms,
                  bool has_same_windows, const std::vector<uint16_t>& topics, std::vector<ClientSlot>& slots) {
  ClientTable& clients = state.clients;
  SavedClient saved;
  for (const ClientRank rank : kRanks) {
    const auto count = static_cast<uint32_t>(in.fixed(4));
    for (uint32_t i = 0; i < count; ++i) {
      if (!read_client(in, layout, saved, state.window_requests, clock_ms)) return false;
      const ClientEntry& client = saved.entry;
      if (clients.chunk_of(client.hash) != chunk || clients.find(client.hash, client.check) != kNoClient) return false;
      const ClientSlot slot = clients.insert(client.hash, client.check, client.queued_clock_ms);
      clients.queue(slot, rank, client.queued_clock_ms);
      ClientEntry& entry = clients.entry(slot);
      entry.last_ms = client.last_ms;
      entry.newest_ms = client.newest_ms;
      entry.bots = client.bots;
      entry.window_size = client.window_size;
      entry.window_next = client.window_next;
      entry.distinct_addresses = client.distinct_addresses;
      entry.distinct_agents = client.distinct_agents;
      entry.touched = client.touched;
      std::memcpy(clients.window(slot), saved.window, sizeof(uint32_t) * 3 * state.window_requests);
      uint32_t* burst_words = clients.window(slot) + ClientWindow::words(state.window_requests);
      std::fill_n(burst_words, state.bursts.words(), 0U);
      if (has_same_windows && !load_bursts(saved, chunk, topics, state.bursts, burst_words)) return false;
      slots.push_back(slot);
    }
  }
  return in.ok();
}

bool read_values(BinaryReader& in, Episode& episode) {
  episode.burst.requests = in.varint();
  for (uint8_t* count : {&episode.verdict.requests, &episode.verdict.addresses, &episode.verdict.agents})
    *count = in.number<uint8_t>();
  auto values = ValueCounts::read(in.text());
  if (values) episode.values = std::move(*values);
  return in.ok() && values.has_value();
}

bool read_episode(BinaryReader& in, ChunkLayout layout, Episode& episode) {
  episode.kind = in.enumerator<AlertKind>(static_cast<unsigned>(AlertKind::kCount));
  if (episode.kind == AlertKind::kCorrelation) return false;  // these are not a client's
  episode.client_kind = in.enumerator<ClientKind>(static_cast<unsigned>(ClientKind::kGroup) + 1);
  episode.client = in.text();
  episode.first = read_coordinates(in);
  episode.last = read_coordinates(in);
  episode.address = read_address(in);
  if (!in.ok()) return false;
  for (int64_t* time : {&episode.last_ms, &episode.first_seen_ms, &episode.last_seen_ms, &episode.counted_clock_ms,
                        &episode.alerted_ms}) {
    *time = in.signed_number<int64_t>();
    if (!is_plausible_time(*time)) return false;
  }
  episode.count = in.varint();
  episode.severity = in.enumerator<Level>(static_cast<unsigned>(Level::kCritical) + 1);
  episode.categories = in.number<CategoryMask>();
  episode.verdict.suspicious = in.enumerator<uint8_t>(2) == 1;
  episode.verdict.reasons = in.number<AbuseReasons>();
  episode.verdict.risk_score = in.signed_number<int>();
  episode.burst.reasons = in.number<BurstReasons>();
  if (episode.burst.reasons >> kBurstReasons != 0) return false;
  episode.burst.held = in.varint();
  episode.burst.retry_after = Milliseconds{in.signed_number<int64_t>()};
  episode.least = in.varint();
  if (layout != ChunkLayout::kWithoutSources) {
    episode.incident.stretch_ms = in.signed_number<int64_t>();
    episode.incident.number = in.number<uint32_t>();
  }
  if (layout >= ChunkLayout::kWithValues && !read_values(in, episode)) return false;
  if (in.ok() && episode.kind == AlertKind::kAttack) {
    auto story =
        layout == ChunkLayout::kWithoutSources ? std::optional<AttackStory>(std::in_place) : AttackStory::read(in);
    if (!story) return false;
    episode.story = std::make_unique<AttackStory>(std::move(*story));
  }
  return in.ok() && episode.count > 0;
}

/// Gives the episode to its client. False if that has one of the kind, or cannot have one.
bool give_to_owner(const StateParts& state, Episode episode) {
  ClientEntry& client = state.clients.entry(episode.owner);
  uint32_t* burst_words = state.clients.window(episode.owner) + ClientWindow::words(state.window_requests);
  if (client.rank != ClientRank::kEpisodeOpen || client.check != client_check(episode.client_kind, episode.client))
    return false;
  if (episode.kind == AlertKind::kBurst) {
    if (std::popcount(episode.burst.reasons) != 1) return false;
    const auto reason = static_cast<BurstReason>(episode.burst.reasons);
    const BurstIncident incident = episode.incident;
    const int64_t begin_ms = episode.first_seen_ms;
    const uint32_t number = state.episodes.restore(std::move(episode));
    if (state.bursts.resume(burst_words, reason, incident, number)) return true;
    // Its periods were counted in other windows, and are forgotten with these.
    if (state.bursts.known(burst_words, reason, begin_ms) != nullptr) return false;
    state.bursts.put_back(burst_words, {reason, number, begin_ms, incident});
    return true;
  }
  uint32_t& number = client.episodes[static_cast<size_t>(episode.kind)];
  if (number != kNoEpisode) return false;
  number = state.episodes.restore(std::move(episode));
  return true;
}

bool give_to_budget(const StateParts& state, Episode episode) {
  const uint32_t chunk = episode.chunk;
  const AlertKind kind = episode.kind;
  if (episode.client_kind != ClientKind::kGroup || state.budget.summary(chunk, kind) != kNoEpisode) return false;
  state.budget.set_summary(chunk, kind, state.episodes.restore(std::move(episode)));
  return true;
}

Status load_episodes(BinaryReader& in, ChunkLayout layout, uint32_t chunk, const std::vector<ClientSlot>& slots,
                     const std::vector<uint16_t>& topics, const StateParts& state) {
  const auto count = in.number<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    Episode episode;
    const auto owner = in.number<uint32_t>();
    if (owner > slots.size() || !read_episode(in, layout, episode)) return bad_chunk("episode " + std::to_string(i));
    for (RecordCoordinates* at : {&episode.first, &episode.last}) {
      if (*at == kNoRecord || at->topic == kNoTopic) continue;
      if (at->topic >= topics.size()) return bad_chunk("episode of a topic without name");
      at->topic = topics[at->topic];
      if (at->topic == kNoTopic) return other_layout("an episode's topic is no longer configured");
    }
    episode.chunk = chunk;
    if (owner < slots.size()) episode.owner = slots[owner];
    if (!(owner < slots.size() ? give_to_owner(state, std::move(episode)) : give_to_budget(state, std::move(episode))))
      return bad_chunk("episode of another client");
  }
  for (const ClientSlot slot : slots) {
    const ClientEntry& client = state.clients.entry(slot);
    const uint32_t* burst_words = state.clients.window(slot) + ClientWindow::words(state.window_requests);
    const bool has_none =
        client.episodes[0] == kNoEpisode && client.episodes[1] == kNoEpisode && !state.bursts.has_open(burst_words);
    if (state.bursts.is_waiting(burst_words)) return bad_chunk("burst without its episode");
    if (has_none && client.rank == ClientRank::kEpisodeOpen) return bad_chunk("client without its episode");
  }
  return {};
}

/// `topics`: for each saved topic its present index. Sources of a topic that is configured no longer are forgotten.
bool read_sources(BinaryReader& in, std::span<const uint16_t> topics, PartitionClock& clock) {
  const auto count = in.number<uint32_t>();
  if (count == 0) return in.ok();
  if (count > SourceTimes::kSourcesMax) return false;
  const auto now_ms = in.signed_number<int64_t>();
  SourceTimes::Running running;
  for (int64_t* item : {&running.ends_ms, &running.held_ms, &running.told_ms})
    *item = in.signed_number<int64_t>();
  if (!in.ok() || !is_source_time(now_ms) || !is_source_time(running.told_ms)) return false;
  std::vector<SourceTimes::Source> sources;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    SourceTimes::Source source;
    const auto topic = in.number<uint16_t>();
    source.report.partition = in.signed_number<int32_t>();
    const uint8_t flags = in.byte();
    source.report.at_end = (flags & 1) != 0;
    source.report.waits = (flags & 4) != 0;
    if ((flags & 2) != 0) source.report.time_ms = in.signed_number<int64_t>();
    if ((flags & 8) != 0) source.ended_ms = in.signed_number<int64_t>();
    source.moved_ms = in.signed_number<int64_t>();
    if (!in.ok() || topic >= topics.size() || !is_source_time(source.report.time_ms)) return false;
    source.report.topic = topics[topic];
    if (source.report.topic != kNoTopic) sources.push_back(source);
  }
  // Their order was that of the process that saved them.
  std::sort(sources.begin(), sources.end(), [](const SourceTimes::Source& a, const SourceTimes::Source& b) {
    return std::tie(a.report.topic, a.report.partition) < std::tie(b.report.topic, b.report.partition);
  });
  clock.restore_sources(SourceTimes::restored(running, std::move(sources)), now_ms);
  return in.ok();
}

}  // namespace

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
  const size_t topics = episodes.topics().size();  // it may grow meanwhile
  writer.varint(topics);
  for (size_t topic = 0; topic < topics; ++topic)
    writer.text(episodes.topics()[topic]);
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
  writer.fixed64(digest_of(std::string_view(out).substr(begin)));
}

Status load_chunk(std::string_view bytes, uint32_t chunk, const StateParts& state, std::string_view& correlations) {
  PartitionClock& clock = state.clock;
  if (bytes.size() < 2 + kDigestBytes) return bad_chunk(std::to_string(bytes.size()) + " bytes");
  const auto body = bytes.substr(0, bytes.size() - kDigestBytes);
  if (BinaryReader(bytes.substr(body.size())).fixed64() != digest_of(body)) return bad_chunk("digest does not match");
  BinaryReader in(body);
  const uint8_t version = in.byte();
  if (version == 0) return bad_chunk("version 0");
  if (version > kVersion || version < kOldestVersion) return other_layout("version " + std::to_string(version));
  const auto layout = static_cast<ChunkLayout>(version);
  const auto chunk_count = in.number<uint32_t>();
  const auto number = in.number<uint32_t>();
  const auto requests = in.number<uint32_t>();
  const uint64_t window_ms = in.varint();
  const uint64_t spraying_window_ms = in.varint();
  const auto places = in.number<uint32_t>();
  if (chunk_count != state.clients.chunk_count()) {
    return other_layout("of " + std::to_string(chunk_count) + " chunks, not " +
                        std::to_string(state.clients.chunk_count()));
  }
  if (number != chunk) return bad_chunk("chunk " + std::to_string(number) + " in place of " + std::to_string(chunk));
  if (requests != state.window_requests) {
    return other_layout("windows of " + std::to_string(requests) + " requests, not " +
                        std::to_string(state.window_requests));
  }

  bool is_plausible = true;
  PartitionClock saved_clock = read_clock(in, is_plausible);
  if (!in.ok() || !is_plausible) return bad_chunk("clock");
  std::vector<uint16_t> topics;
  if (!read_topics(in, state.episodes.topics(), topics)) return bad_chunk("topics");
  if (layout != ChunkLayout::kWithoutSources && !read_sources(in, topics, saved_clock)) return bad_chunk("sources");
  if (!clock.is_new() && clock != saved_clock) {
    return fail(ErrorCode::kInvalidArgument, "score",
                "state chunk: saved after observation " + std::to_string(saved_clock.observations()) +
                    ", loaded after " + std::to_string(clock.observations()) + " or after others");
  }
  std::vector<ClientSlot> slots;
  const int64_t clock_ms = saved_clock.observations() == 0 ? 0 : saved_clock.now_ms();
  const BurstOptions& bursts = state.bursts.options();
  const bool has_same_windows = window_ms == static_cast<uint64_t>(bursts.window.count()) &&
                                spraying_window_ms == static_cast<uint64_t>(bursts.spraying_window.count()) &&
                                places == state.bursts.places();
  if (!load_clients(in, layout, chunk, state, clock_ms, has_same_windows, topics, slots)) return bad_chunk("clients");
  const auto minute = in.signed_number<int64_t>();
  const auto opened = in.number<uint32_t>();
  state.budget.restore(chunk, minute, opened);
  if (Status status = load_episodes(in, layout, chunk, slots, topics, state); !status) return status;
  if (layout >= ChunkLayout::kWithSilences && !state.silences.load(chunk, in)) return bad_chunk("silences");
  if (layout >= ChunkLayout::kWithDecisions && !state.decisions.load(chunk, in)) return bad_chunk("decisions");
  EventOrderTimes times{saved_clock.now_ms(), {}};
  if (layout >= ChunkLayout::kInEventOrder && !read_event_order(in, chunk, state, times)) return bad_chunk("order");
  correlations = in.text();
  if (!in.ok() || in.left() != 0) return bad_chunk("bytes after the end");
  const ScoreOrder order = layout >= ChunkLayout::kInEventOrder ? ScoreOrder::kEventTime : ScoreOrder::kArrival;
  if (!clock.is_new() && state.order == order && times != EventOrderTimes{state.now_ms, state.progress})
    return fail(ErrorCode::kInvalidArgument, "score", "state chunk: saved when other observations had been scored");
  clock = saved_clock;
  state.order = order;
  state.now_ms = times.now_ms;
  state.progress = times.progress;
  return {};
}

}  // namespace weir
