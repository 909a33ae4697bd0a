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
#include "score/state/state_chunk.h"

// load_chunk and add_chunk: reading what save_chunk wrote.

namespace weir {
namespace {

// The layout is described in docs/state-chunk.md; change both together and raise the version.
constexpr auto kVersion = static_cast<uint8_t>(ChunkLayout::kInEventOrder);
// Older ones are read, never written. The first has neither sources nor the incidents of bursts.
constexpr auto kOldestVersion = static_cast<uint8_t>(ChunkLayout::kWithoutSources);

tl::unexpected<Error> bad_chunk(std::string detail) {
  return fail(ErrorCode::kParse, "score", "state chunk: " + std::move(detail));
}
tl::unexpected<Error> other_layout(std::string detail) {
  return fail(ErrorCode::kUnsupported, "score", "state chunk: " + std::move(detail));
}

/// What scoring in the order of event time keeps of a whole partition.
struct EventOrderTimes {
  int64_t now_ms = PartitionClock::kUnset;
  ArrivalProgress progress;
  bool operator==(const EventOrderTimes&) const = default;
};

/// What a chunk says of itself before its clients, and what of it is put into the state only when all of it was read.
struct ChunkReading {
  uint32_t number = 0;
  ChunkLayout layout = ChunkLayout::kWithoutSources;
  PartitionClock clock;
  std::vector<uint16_t> topics;  // for each saved topic its present index, or none
  bool has_same_windows =
      false;  // counts for bursts were made with the windows now configured; otherwise they mean nothing
  const ChunkShare* share = nullptr;  // null: all of it is taken
  std::vector<ClientSlot> slots;      // of its clients, in their order; none for one that is not taken
  int64_t budget_minute = 0;
  uint32_t budget_opened = 0;
  std::vector<Episode> episodes;  // an owner is set but for those of the budget
  EventOrderTimes times;
  std::string_view correlations;

  [[nodiscard]] ScoreOrder order() const {
    return layout >= ChunkLayout::kInEventOrder ? ScoreOrder::kEventTime : ScoreOrder::kArrival;
  }
  [[nodiscard]] bool takes(uint64_t hash) const { return share == nullptr || share->has(hash); }
  [[nodiscard]] HashFilter filter() const { return share == nullptr ? HashFilter() : share->has; }
};

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

constexpr uint16_t kNoTopic = TopicTable::kNoTopic;

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

bool load_client(const StateParts& state, SavedClient& saved, ClientRank rank, ChunkReading& chunk) {
  ClientTable& clients = state.clients;
  const ClientEntry& client = saved.entry;
  if (clients.chunk_of(client.hash) != chunk.number || clients.find(client.hash, client.check) != kNoClient)
    return false;
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
  if (chunk.has_same_windows && !load_bursts(saved, chunk.number, chunk.topics, state.bursts, burst_words))
    return false;
  chunk.slots.push_back(slot);
  return true;
}

bool load_clients(BinaryReader& in, const StateParts& state, ChunkReading& chunk) {
  const int64_t clock_ms = chunk.clock.observations() == 0 ? 0 : chunk.clock.now_ms();
  SavedClient saved;
  for (const ClientRank rank : kSavedRanks) {
    const auto count = static_cast<uint32_t>(in.fixed(4));
    for (uint32_t i = 0; i < count; ++i) {
      if (!read_client(in, chunk.layout, saved, state.window_requests, clock_ms)) return false;
      if (!chunk.takes(saved.entry.hash)) {
        chunk.slots.push_back(kNoClient);
      } else if (!load_client(state, saved, rank, chunk)) {
        return false;
      }
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

Status read_episodes(BinaryReader& in, ChunkReading& chunk) {
  const auto count = in.number<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    Episode episode;
    const auto owner = in.number<uint32_t>();
    if (owner > chunk.slots.size() || !read_episode(in, chunk.layout, episode))
      return bad_chunk("episode " + std::to_string(i));
    const bool is_of_client = owner < chunk.slots.size();
    if (is_of_client ? chunk.slots[owner] == kNoClient : chunk.share != nullptr && !chunk.share->has_summaries)
      continue;
    for (RecordCoordinates* at : {&episode.first, &episode.last}) {
      if (*at == kNoRecord || at->topic == kNoTopic) continue;
      if (at->topic >= chunk.topics.size()) return bad_chunk("episode of a topic without name");
      at->topic = chunk.topics[at->topic];
      if (at->topic == kNoTopic) return other_layout("an episode's topic is no longer configured");
    }
    episode.chunk = chunk.number;
    if (is_of_client) episode.owner = chunk.slots[owner];
    chunk.episodes.push_back(std::move(episode));
  }
  return {};
}

/// Each client has the episodes that its rank and its bursts speak of.
Status check_owners(const StateParts& state, const std::vector<ClientSlot>& slots) {
  for (const ClientSlot slot : slots) {
    if (slot == kNoClient) continue;
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

/// What stands before the clients, with the digest checked.
Status read_head(BinaryReader& in, const StateParts& state, ChunkReading& chunk) {
  const uint8_t version = in.byte();
  if (version == 0) return bad_chunk("version 0");
  if (version > kVersion || version < kOldestVersion) return other_layout("version " + std::to_string(version));
  chunk.layout = static_cast<ChunkLayout>(version);
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
  if (number != chunk.number)
    return bad_chunk("chunk " + std::to_string(number) + " in place of " + std::to_string(chunk.number));
  if (requests != state.window_requests) {
    return other_layout("windows of " + std::to_string(requests) + " requests, not " +
                        std::to_string(state.window_requests));
  }
  const BurstOptions& bursts = state.bursts.options();
  chunk.has_same_windows = window_ms == static_cast<uint64_t>(bursts.window.count()) &&
                           spraying_window_ms == static_cast<uint64_t>(bursts.spraying_window.count()) &&
                           places == state.bursts.places();
  bool is_plausible = true;
  chunk.clock = read_clock(in, is_plausible);
  if (!in.ok() || !is_plausible) return bad_chunk("clock");
  if (!read_topics(in, state.episodes.topics(), chunk.topics)) return bad_chunk("topics");
  if (chunk.layout != ChunkLayout::kWithoutSources && !read_sources(in, chunk.topics, chunk.clock))
    return bad_chunk("sources");
  return {};
}

bool read_event_order(BinaryReader& in, const StateParts& state, ChunkReading& chunk) {
  EventOrderTimes& times = chunk.times;
  times.now_ms = PartitionClock::kUnset;
  if (in.enumerator<uint8_t>(2) == 1) {
    times.now_ms = in.signed_number<int64_t>();
    if (!is_plausible_time(times.now_ms)) return false;
  }
  const auto is_of_chunk = [&](uint64_t client_hash) { return state.clients.chunk_of(client_hash) == chunk.number; };
  return times.progress.read(in) && state.waiting.load(chunk.number, in, is_of_chunk);
}

/// The rest. Puts clients, silences, decisions and what waits into the state.
Status read_body(BinaryReader& in, const StateParts& state, ChunkReading& chunk) {
  if (!load_clients(in, state, chunk)) return bad_chunk("clients");
  chunk.budget_minute = in.signed_number<int64_t>();
  chunk.budget_opened = in.number<uint32_t>();
  if (Status status = read_episodes(in, chunk); !status) return status;
  if (chunk.layout >= ChunkLayout::kWithSilences) {
    const auto takes = [&chunk](const Silence& silence) {
      return chunk.share == nullptr || chunk.share->has(chunk.share->hash_of(silence.client_kind, silence.client));
    };
    if (!state.silences.load(chunk.number, in, takes)) return bad_chunk("silences");
  }
  if (chunk.layout >= ChunkLayout::kWithDecisions && !state.decisions.load(chunk.number, in, chunk.filter()))
    return bad_chunk("decisions");
  chunk.times.now_ms = chunk.clock.now_ms();
  if (chunk.layout >= ChunkLayout::kInEventOrder && !read_event_order(in, state, chunk)) return bad_chunk("order");
  chunk.correlations = in.text();
  if (!in.ok() || in.left() != 0) return bad_chunk("bytes after the end");
  return {};
}

/// Without the digest, which must fit.
Result<std::string_view> body_of(std::string_view bytes) {
  if (bytes.size() < 2 + kChunkDigestBytes) return bad_chunk(std::to_string(bytes.size()) + " bytes");
  const auto body = bytes.substr(0, bytes.size() - kChunkDigestBytes);
  if (BinaryReader(bytes.substr(body.size())).fixed64() != chunk_digest(body))
    return bad_chunk("digest does not match");
  return body;
}

}  // namespace

bool give_episode(const StateParts& state, Episode episode) {
  return episode.owner != kNoClient ? give_to_owner(state, std::move(episode))
                                    : give_to_budget(state, std::move(episode));
}

Status load_chunk(std::string_view bytes, uint32_t chunk, const StateParts& state, std::string_view& correlations) {
  PartitionClock& clock = state.clock;
  const auto body = body_of(bytes);
  if (!body) return tl::unexpected(body.error());
  BinaryReader in(*body);
  ChunkReading reading;
  reading.number = chunk;
  if (Status status = read_head(in, state, reading); !status) return status;
  if (!clock.is_new() && clock != reading.clock) {
    return fail(ErrorCode::kInvalidArgument, "score",
                "state chunk: saved after observation " + std::to_string(reading.clock.observations()) +
                    ", loaded after " + std::to_string(clock.observations()) + " or after others");
  }
  const bool is_first = clock.is_new();
  if (Status status = read_body(in, state, reading); !status) return status;
  state.budget.restore(chunk, reading.budget_minute, reading.budget_opened);
  for (Episode& episode : reading.episodes)
    if (!give_episode(state, std::move(episode))) return bad_chunk("episode of another client");
  if (Status status = check_owners(state, reading.slots); !status) return status;
  if (!is_first && state.order == reading.order() && reading.times != EventOrderTimes{state.now_ms, state.progress})
    return fail(ErrorCode::kInvalidArgument, "score", "state chunk: saved when other observations had been scored");
  correlations = reading.correlations;
  clock = reading.clock;
  state.order = reading.order();
  state.now_ms = reading.times.now_ms;
  state.progress = reading.times.progress;
  return {};
}

Status add_chunk(std::string_view bytes, uint32_t chunk, const ChunkShare& share, const StateParts& state,
                 std::vector<Episode>& episodes, std::string_view& correlations) {
  const auto body = body_of(bytes);
  if (!body) return tl::unexpected(body.error());
  BinaryReader in(*body);
  ChunkReading reading;
  reading.number = chunk;
  reading.share = &share;
  if (Status status = read_head(in, state, reading); !status) return status;
  // What waits would have to be put in one order, and each partition knows for itself how far that has come.
  if (reading.order() == ScoreOrder::kEventTime)
    return other_layout(
        "in the order of event time, with observations that wait: state of score.order arrival can be divided");
  if (Status status = read_body(in, state, reading); !status) return status;
  const AlertBudget::Chunk& budget = state.budget.chunk(chunk);
  // Each partition may open so many: who has opened the most says how many are left.
  if (std::pair(reading.budget_minute, reading.budget_opened) > std::pair(budget.minute, budget.opened))
    state.budget.restore(chunk, reading.budget_minute, reading.budget_opened);
  for (Episode& episode : reading.episodes)
    episodes.push_back(std::move(episode));
  correlations = reading.correlations;
  return {};
}

}  // namespace weir
