#include "score/scorer.h"

#include <absl/container/inlined_vector.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "score/client_check.h"
#include "score/division/partition_times.h"
#include "score/orders/ordered_decision.h"
#include "score/report/client_report.h"
#include "score/scorer_impl.h"

namespace weir {
namespace {

constexpr size_t kBatch =
    16;  // enough loads in flight to hide memory latency, and what they load fits into the first cache
constexpr uint64_t kExpiryEvery = 32;  // observations; each time the next chunk has its turn
constexpr int kExpiredPerTurn = 128;   // bounds the work after a jump in time; still more than can have come since
constexpr int kEvictionTries = 64;     // bounds the search for a client to evict
constexpr int kHighRiskAbove = 25;     // points above the threshold that make an abuse alert high

/// Records whose address could not be read share one client, who is nobody: what strangers do together is no sign of anything.
bool is_nobody(const Observation& record) {
  return record.client_kind == ClientKind::kAddress && record.address.is_unspecified();
}

int64_t milliseconds(EventTime time) {
  return time.time_since_epoch().count();
}

Level severity_of(BurstReason reason, const BurstOptions& options) {
  if (reason == BurstReason::kRequestRate) return options.requests_severity;
  const bool high = reason == BurstReason::kCredentialStuffing || reason == BurstReason::kPasswordSpraying ||
                    reason == BurstReason::kScanning;
  return high ? Level::kHigh : Level::kMedium;
}

}  // namespace

void Scorer::Impl::observe_batch(std::span<const Observation> batch, std::vector<Alert>& alerts) {
  std::array<uint64_t, kBatch> checks;
  std::array<ClientSlot, kBatch> hints;
  for (const Observation& record : batch)
    clients.prefetch_index(record.client_hash);
  for (size_t i = 0; i < batch.size(); ++i)
    checks[i] = client_check(batch[i].client_kind, batch[i].client);
  for (size_t i = 0; i < batch.size(); ++i) {
    hints[i] = clients.guess(batch[i].client_hash);
    const bool is_count = batch[i].has(ObservationFlag::kAddressCount);
    const auto use = is_count ? ClientTable::StorageUse::kEnd : ClientTable::StorageUse::kAll;
    if (hints[i] == kNoClient) {
      clients.prefetch_newcomer(batch[i].client_hash, use);
    } else {
      clients.prefetch(hints[i], use);
    }
  }
  for (size_t i = 0; i < batch.size(); ++i)
    if (hints[i] == kNoClient) clients.prefetch_eviction(batch[i].client_hash);
  const auto hints_of_batch = std::span(hints).first(batch.size());
  if (options.bursts.enabled) {
    for (const ClientSlot hint : hints_of_batch)
      if (hint != kNoClient) bursts.prefetch(burst_words(hint));
    for (const ClientSlot hint : hints_of_batch)
      if (hint != kNoClient) bursts.prefetch_panes(burst_words(hint));
  }
  for (size_t i = 0; i < batch.size(); ++i)
    observe_one(batch[i], checks[i], hints[i], alerts);
}

/// One observation, in the order of the partition. What it does depends on earlier observations alone, never on the batch.
void Scorer::Impl::observe_one(const Observation& record, uint64_t check, ClientSlot hint, std::vector<Alert>& alerts) {
  const int64_t time_ms = milliseconds(record.time);
  clock.advance(
      time_ms, record.has(ObservationFlag::kAddressCount) ? PartitionClock::Of::kAddress : PartitionClock::Of::kRecord);
  now_ms = clock.now_ms();
  close_due(now_ms - options.lateness.count(), alerts);
  decisions.advance(now_ms);
  if (clock.observations() % kExpiryEvery == 0) {
    // The chunks take turns by the number of observations, which a restore knows.
    expire_idle(static_cast<uint32_t>(clock.observations() / kExpiryEvery % clients.chunk_count()), kExpiredPerTurn);
  }
  ++statistics.observations;
  if (is_absent(clients.chunk_of(record.client_hash))) return;
  score(record, check, hint, alerts);
}

/// What the record means for its client, whose chunk is there.
void Scorer::Impl::score(const Observation& record, uint64_t check, ClientSlot hint, std::vector<Alert>& alerts) {
  const int64_t time_ms = milliseconds(record.time);
  const bool is_count = record.has(ObservationFlag::kAddressCount);
  if (is_count && !is_nobody(record))
    decisions.meet({record.client_hash, clients.chunk_of(record.client_hash)}, record.path_hash, time_ms, now_ms);
  if (is_count && (!options.bursts.enabled || is_nobody(record))) return;

  const ClientSlot slot = client_of(record, check, hint, alerts);
  if (record.has(ObservationFlag::kAddressCount)) {
    ClientEntry& address = clients.entry(slot);
    if (address.window_size == 0) address.newest_ms = std::max(address.newest_ms, time_ms);
  } else {
    close_overdue_of(slot, time_ms, alerts);
    if (is_nobody(record)) return note_nobody(record, slot, alerts);
    judge_window(record, slot, alerts);
  }
  if (options.bursts.enabled) judge_bursts(record, slot, alerts);
}

/// An attack is one whoever it was; a window and bursts need somebody.
void Scorer::Impl::note_nobody(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts) {
  ClientEntry& client = clients.entry(slot);
  client.newest_ms = std::max(client.newest_ms, milliseconds(record.time));
  if (!record.evidence) return;
  note(AlertKind::kAttack, slot, {record, now_ms, record.evidence.severity, record.evidence.categories, {}}, alerts);
}

void Scorer::Impl::judge_window(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts) {
  const int64_t time_ms = milliseconds(record.time);
  ClientEntry& client = clients.entry(slot);
  ClientWindow window(client, clients.window(slot), capacity);
  // By the client's own times, so that it does not matter how far the traffic of others has driven the clock.
  if (client.window_size > 0 && time_ms - client.newest_ms >= options.client_idle.count()) window.clear();
  client.newest_ms = client.window_size == 0 ? time_ms : std::max(client.newest_ms, time_ms);
  window.push({time_ms, address_unit_of(record.address), user_agent_of(record.user_agent_hash),
               record.has(ObservationFlag::kBotUserAgent)});

  if (record.evidence) {
    note(AlertKind::kAttack, slot, {record, now_ms, record.evidence.severity, record.evidence.categories, {}}, alerts);
  }
  if (!window.may_be_suspicious(options.abuse)) return;
  const AbuseVerdict verdict = window.verdict(options.abuse);
  if (verdict.suspicious) {
    const bool high = verdict.risk_score >= options.abuse.suspicious_score + kHighRiskAbove;
    note(AlertKind::kAbuse, slot, {record, now_ms, high ? Level::kHigh : Level::kMedium, 0, verdict}, alerts);
  }
}

void Scorer::Impl::judge_bursts(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts) {
  BurstFindings found;
  bool is_late = !bursts.take(burst_words(slot), clients.chunk_of(clients.entry(slot).hash), record, found);
  for (const BurstFinding& finding : found) {
    if (!note_burst(slot, {record, finding, now_ms, severity_of(finding.reason, options.bursts), {}, {}}, alerts))
      is_late = true;
  }
  statistics.bursts_late += is_late ? 1U : 0U;
}

/// Closes the client's incidents that were over so long before the burst that no order of records within the lateness makes one of both:
/// where a block spans a quiet time, the clock hears of it only behind the block.
void Scorer::Impl::close_incidents_before(const BurstFinding& finding, ClientSlot slot, std::vector<Alert>& alerts) {
  const BurstActivity* activity = bursts.find(burst_words(slot));
  if (activity == nullptr) return;
  absl::InlinedVector<uint32_t, 4> over;
  for (const KnownBurst& burst : activity->bursts) {
    if (burst.reason != finding.reason || burst.episode == kNoEpisode) continue;
    const bool is_over = episodes.end_ms(burst.episode) + 2 * options.lateness.count() < finding.begin_ms;
    if (is_over && std::find(over.begin(), over.end(), burst.episode) == over.end()) over.push_back(burst.episode);
  }
  for (const uint32_t number : over)
    close_episode(number, alerts);
}

/// False if the burst was closed before.
bool Scorer::Impl::note_burst(ClientSlot slot, Episodes::BurstOccurrence occurrence, std::vector<Alert>& alerts) {
  const BurstFinding& finding = occurrence.finding;
  const int64_t time_ms = milliseconds(occurrence.observation.time);
  if (const KnownBurst* known = bursts.known(burst_words(slot), finding.reason, finding.begin_ms)) {
    if (known->episode == kNoEpisode) return false;
    const size_t alerts_before = alerts.size();
    episodes.count_burst(known->episode, occurrence, alerts);
    tell(slot, {known->episode, time_ms, alerts_before}, alerts);
    return true;
  }
  close_incidents_before(finding, slot, alerts);
  const size_t alerts_before = alerts.size();
  occurrence.values = bursts.values_of(burst_words(slot), finding);
  const auto first_and_last = [this](uint32_t number) {
    return std::pair(episodes.at(number).first_seen_ms, episodes.at(number).last_seen_ms + 1);
  };
  const auto place = bursts.place_of(burst_words(slot), finding, options.episodes.idle_close, first_and_last);
  if (place.episode != kNoEpisode) {
    episodes.extend_burst(place.episode, occurrence, alerts);
    bursts.add(burst_words(slot), {finding.reason, place.episode, finding.begin_ms, place.incident});
    tell(slot, {place.episode, time_ms, alerts_before}, alerts);
    return true;
  }
  const uint32_t chunk = clients.chunk_of(clients.entry(slot).hash);
  if (!budget.take(chunk, budget_ms())) {
    summarise(AlertKind::kBurst, chunk,
              {occurrence.observation, now_ms, occurrence.severity, 0, {}, static_cast<BurstReasons>(finding.reason)},
              alerts);
    return true;
  }
  occurrence.incident = place.incident;
  const uint32_t number = episodes.open_burst(slot, chunk, occurrence, alerts);
  bursts.add(burst_words(slot), {finding.reason, number, finding.begin_ms, place.incident});
  tell(slot, {number, time_ms, alerts_before}, alerts);
  if (clients.entry(slot).rank != ClientRank::kEpisodeOpen) clients.queue(slot, ClientRank::kEpisodeOpen, now_ms);
  return true;
}

ClientSlot Scorer::Impl::client_of(const Observation& record, uint64_t check, ClientSlot hint,
                                   std::vector<Alert>& alerts) {
  const bool hint_holds = hint != kNoClient && clients.holds(hint, record.client_hash, check);
  const ClientSlot found = hint_holds ? hint : clients.find(record.client_hash, check);
  if (found != kNoClient) {
    clients.entry(found).touched = true;
    return found;
  }
  const uint32_t chunk = clients.chunk_of(record.client_hash);
  while (clients.full(chunk))  // more than once only if the state was saved under a higher limit
    evict_one(chunk, alerts);
  const ClientSlot slot = clients.insert(record.client_hash, check, now_ms);
  std::fill_n(burst_words(slot), bursts.words(), 0U);
  return slot;
}

void Scorer::Impl::note(AlertKind kind, ClientSlot slot, const Episodes::Occurrence& occurrence,
                        std::vector<Alert>& alerts) {
  Told told{clients.entry(slot).episodes[static_cast<size_t>(kind)], milliseconds(occurrence.observation.time),
            alerts.size()};
  if (told.episode != kNoEpisode) {
    episodes.count(told.episode, occurrence, alerts);
    tell(slot, told, alerts);
    return;
  }
  const uint32_t chunk = clients.chunk_of(clients.entry(slot).hash);
  if (!budget.take(chunk, budget_ms())) {
    summarise(kind, chunk, occurrence, alerts);
    return;
  }
  told.episode = episodes.open(kind, slot, chunk, occurrence, alerts);
  clients.entry(slot).episodes[static_cast<size_t>(kind)] = told.episode;
  tell(slot, told, alerts);
  if (clients.entry(slot).rank != ClientRank::kEpisodeOpen) clients.queue(slot, ClientRank::kEpisodeOpen, now_ms);
}

/// The client's open episodes: of attacks, of abuse, then its bursts by their beginning; each once.
template <typename Visit>
void Scorer::Impl::for_each_open_episode(ClientSlot slot, const Visit& visit) const {
  for (const uint32_t number : clients.entry(slot).episodes)
    if (number != kNoEpisode) visit(number);
  const BurstActivity* activity = bursts.find(clients.window(slot) + ClientWindow::words(capacity));
  if (activity == nullptr) return;
  const auto& all = activity->bursts;
  for (auto burst = all.begin(); burst != all.end(); ++burst) {
    const bool is_known =
        std::any_of(all.begin(), burst, [&](const auto& item) { return item.episode == burst->episode; });
    if (burst->episode != kNoEpisode && !is_known) visit(burst->episode);
  }
}

/// What is done with each alert of a client that was just made.
void Scorer::Impl::tell(ClientSlot slot, const Told& told, std::vector<Alert>& alerts) {
  relate(slot, told, alerts);
  if (!decisions.decides()) return;
  const uint64_t hash = clients.entry(slot).hash;
  for (size_t i = told.alerts_before; i < alerts.size(); ++i)
    if (!silences.cover(alerts[i])) decisions.take(alerts[i], {hash, clients.chunk_of(hash)}, now_ms, budget_ms());
}

/// Names in the alerts what else is open of the client. By its own times: others' traffic may have left it open or not.
void Scorer::Impl::relate(ClientSlot slot, const Told& told, std::vector<Alert>& alerts) const {
  if (alerts.size() == told.alerts_before) return;
  std::vector<RelatedEpisode> related;
  for_each_open_episode(slot, [&](uint32_t number) {
    if (number != told.episode && episodes.end_ms(number) > told.time_ms && related.size() < kRelatedMax)
      related.push_back(episodes.related(number));
  });
  for (size_t i = told.alerts_before; i < alerts.size(); ++i)
    alerts[i].related = related;
}

/// What is open of the client that is a correlation's whole group, and began no later than the record that tells of it.
void Scorer::Impl::relate_to_client(const CorrelationClient& client, std::vector<RelatedEpisode>& related) const {
  const ClientSlot slot = clients.find(client.hash, client_check(client.kind, client.name));
  if (slot == kNoClient) return;
  for_each_open_episode(slot, [&](uint32_t number) {
    const Episode& episode = episodes.at(number);
    const bool is_same_source =
        episode.first.topic == client.at.topic && episode.first.partition == client.at.partition;
    const bool began_before = is_same_source ? episode.first <= client.at : episode.first_seen_ms <= client.time_ms;
    if (began_before && episodes.end_ms(number) > client.time_ms && related.size() < kRelatedMax)
      related.push_back(episodes.related(number));
  });
}

/// Counts the record of a client that may not open an episode now.
void Scorer::Impl::summarise(AlertKind kind, uint32_t chunk, const Episodes::Occurrence& occurrence,
                             std::vector<Alert>& alerts) {
  const uint32_t open = budget.summary(chunk, kind);
  if (open != kNoEpisode) {
    episodes.count(open, occurrence, alerts);
  } else {
    budget.set_summary(chunk, kind, episodes.open_summary(kind, chunk, occurrence, alerts));
  }
}

void Scorer::Impl::close_due(int64_t time_ms, std::vector<Alert>& alerts) {
  for (uint32_t number = episodes.first_due(time_ms); number != kNoEpisode; number = episodes.first_due(time_ms)) {
    close_episode(number, alerts);
  }
}

/// Closes what the client's own time has ended, in the order in which the clock would have. Bursts wait for the clock: records of
/// their period may still come from other partitions of the input.
void Scorer::Impl::close_overdue_of(ClientSlot slot, int64_t time_ms, std::vector<Alert>& alerts) {
  if (clients.entry(slot).rank != ClientRank::kEpisodeOpen) return;
  while (true) {
    uint32_t first = kNoEpisode;
    for (const uint32_t number : clients.entry(slot).episodes) {
      if (number == kNoEpisode || episodes.end_ms(number) > time_ms) continue;
      if (first == kNoEpisode || episodes.precedes(number, first)) first = number;
    }
    if (first == kNoEpisode) return;
    close_episode(first, alerts);
  }
}

void Scorer::Impl::close_episode(uint32_t number, std::vector<Alert>& alerts) {
  const Episode& episode = episodes.at(number);
  const ClientSlot slot = episode.owner;
  if (slot == kNoClient) {
    budget.set_summary(episode.chunk, episode.kind, kNoEpisode);
    episodes.close(number, alerts);
    return;
  }
  if (episode.kind == AlertKind::kBurst) {
    bursts.close(burst_words(slot), number);
  } else {
    clients.entry(slot).episodes[static_cast<size_t>(episode.kind)] = kNoEpisode;
  }
  episodes.close(number, alerts);
  if (!has_open_episode(slot)) clients.queue(slot, ClientRank::kScored, now_ms);
}

bool Scorer::Impl::has_open_episode(ClientSlot slot) const {
  const auto& own = clients.entry(slot).episodes;
  return std::any_of(own.begin(), own.end(), [](uint32_t item) { return item != kNoEpisode; }) ||
         bursts.has_open(clients.window(slot) + ClientWindow::words(capacity));
}

/// Forgets the clients of a chunk of which nothing came while the partition's time went on by more than their time to live.
/// Their windows would start afresh anyway (judge_window), so this frees memory and changes no alert.
void Scorer::Impl::expire_idle(uint32_t chunk, int clients_max) {
  const int64_t horizon = now_ms - options.client_idle.count() - options.lateness.count();
  silences.expire(chunk, now_ms - options.episodes.idle_close.count() - options.lateness.count());
  int left = clients_max;
  for (const ClientRank rank : {ClientRank::kUnscored, ClientRank::kScored}) {
    for (; left > 0; --left) {
      const ClientSlot slot = clients.front(chunk, rank);
      if (slot == kNoClient || clients.entry(slot).queued_clock_ms > horizon) break;
      if (clients.entry(slot).touched || clients.entry(slot).newest_ms > horizon) {
        clients.queue(slot, rank, now_ms);
      } else {
        remove(slot);
        ++statistics.clients_expired;
      }
    }
  }
}

void Scorer::Impl::evict_one(uint32_t chunk, std::vector<Alert>& alerts) {
  const ClientSlot slot = least_telling(chunk);
  close_all_of(slot, alerts);
  remove(slot);
  ++statistics.clients_evicted;
}

void Scorer::Impl::close_all_of(ClientSlot slot, std::vector<Alert>& alerts) {
  const auto own = clients.entry(slot).episodes;
  for (const uint32_t number : own) {
    if (number != kNoEpisode) close_episode(number, alerts);  // its count must not be lost
  }
  if (const BurstActivity* activity = bursts.find(burst_words(slot)); activity != nullptr) {
    std::vector<uint32_t> open;
    for (const KnownBurst& burst : activity->bursts) {
      if (burst.episode != kNoEpisode && std::find(open.begin(), open.end(), burst.episode) == open.end())
        open.push_back(burst.episode);
    }
    for (const uint32_t number : open)
      close_episode(number, alerts);
  }
}

/// Whoever restores the partition finds the order again at this place; what is absent knows of it already.
void Scorer::Impl::decide(const ClientOrder& order, std::vector<Alert>& alerts) {
  const uint32_t chunk = clients.chunk_of(order.client_hash);
  if (absent_count > 0 && absent[chunk]) return;
  const Decisions::Subject client{order.client_hash, chunk};
  if (order.kind == OrderKind::kSilence) return silences.take(chunk, order, now_ms);
  if (order.kind == OrderKind::kDecide) return decisions.impose(ordered_decision(order), client, now_ms);
  if (order.kind == OrderKind::kLift) return decisions.lift(client, order.client_kind, order.client);
  decisions.forget(client, order.client_kind, order.client);
  const ClientSlot slot = clients.find(order.client_hash, client_check(order.client_kind, order.client));
  if (slot == kNoClient) return;
  close_all_of(slot, alerts);
  remove(slot);
}

/// Of the alerts from this one on.
void Scorer::Impl::leave_out_silenced(size_t begin, std::vector<Alert>& alerts) {
  if (!silences.any()) return;
  const auto kept = std::remove_if(alerts.begin() + static_cast<std::ptrdiff_t>(begin), alerts.end(),
                                   [this](const Alert& alert) { return silences.cover(alert); });
  statistics.alerts_silenced += static_cast<uint64_t>(alerts.end() - kept);
  alerts.erase(kept, alerts.end());
}

/// The oldest of the lowest rank. One that was seen again since it was queued gets another round, so that a flood of
/// clients of one request each pushes out its own.
ClientSlot Scorer::Impl::least_telling(uint32_t chunk) {
  for (const ClientRank rank : {ClientRank::kUnscored, ClientRank::kScored, ClientRank::kEpisodeOpen}) {
    for (int chances = kEvictionTries; clients.front(chunk, rank) != kNoClient; --chances) {
      const ClientSlot slot = clients.front(chunk, rank);
      if (!clients.entry(slot).touched || chances == 0 || rank == ClientRank::kEpisodeOpen) return slot;
      clients.queue(slot, rank, now_ms);
    }
  }
  return kNoClient;  // unreachable: a full chunk has a client, and every client stands in a queue
}

void Scorer::Impl::refresh_statistics() {
  statistics.clients = clients.size();
  statistics.silences = silences.count();
  statistics.decisions = decisions.counts();
  statistics.episodes_open = episodes.open_count();
  statistics.outcomes = episodes.outcomes();
  const CorrelationStatistics& correlations = correlator.statistics();
  statistics.alerts_suppressed = episodes.suppressed() + correlations.suppressed;
  statistics.state_bytes =
      clients.bytes() + bursts.bytes() + episodes.bytes() + correlations.bytes + decisions.bytes() + waiting.bytes();
  statistics.waiting = waiting.size();
  statistics.waiting_bytes = waiting.bytes();
  statistics.correlation_events = correlations.events;
  statistics.correlation_late = correlations.late;
  statistics.correlation_evicted = correlations.evicted;
  statistics.correlation_groups = correlations.groups;
}

Scorer::Scorer(const ScoreOptions& options, TopicTable topics) : impl_(std::make_unique<Impl>(options, topics)) {}
Scorer::~Scorer() = default;
Scorer::Scorer(Scorer&&) noexcept = default;
Scorer& Scorer::operator=(Scorer&&) noexcept = default;

void Scorer::observe(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
                     std::vector<Alert>& alerts) {
  if (impl_->order_in_force == ScoreOrder::kEventTime) return impl_->take_in(observations, events, alerts);
  if (impl_->waiting.size() > 0) impl_->release_all(alerts);  // the state was one in order
  const size_t first = alerts.size();
  for (size_t begin = 0; begin < observations.size(); begin += kBatch) {
    impl_->observe_batch(observations.subspan(begin, std::min(kBatch, observations.size() - begin)), alerts);
  }
  impl_->leave_out_silenced(first, alerts);
  const auto time_from =
      impl_->clock.follows_sources() ? Correlator::TimeFrom::kPartition : Correlator::TimeFrom::kEvents;
  impl_->correlator.observe(events, impl_->clock.now_ms(), alerts, time_from);
  impl_->refresh_statistics();
}

void Scorer::take_sources(std::span<const SourceReport> reports, int64_t told_ms) {
  impl_->clock.take(reports, told_ms);
}

void Scorer::follow_sources(std::vector<Alert>& alerts) {
  impl_->clock.follow();
  if (impl_->order_in_force == ScoreOrder::kEventTime) return impl_->release(alerts);
  const int64_t now_ms = impl_->now_ms = impl_->clock.now_ms();
  const size_t first = alerts.size();
  if (now_ms != PartitionClock::kUnset) {
    impl_->close_due(now_ms - impl_->options.lateness.count(), alerts);
    impl_->decisions.advance(now_ms);
  }
  impl_->leave_out_silenced(first, alerts);
  impl_->refresh_statistics();
}

void Scorer::decide(std::span<const ClientOrder> orders, std::vector<Alert>& alerts) {
  const size_t first = alerts.size();
  for (const ClientOrder& order : orders)
    impl_->decide(order, alerts);
  impl_->leave_out_silenced(first, alerts);
  if (!orders.empty()) impl_->refresh_statistics();
}

std::vector<DecisionChange> Scorer::take_decisions() {
  return impl_->decisions.take_changes();
}

std::vector<Silence> Scorer::silences_of(uint64_t client_hash, uint64_t check) const {
  std::vector<Silence> found;
  for (const Silence& silence : impl_->silences.of(impl_->clients.chunk_of(client_hash)))
    if (client_check(silence.client_kind, silence.client) == check) found.push_back(silence);
  return found;
}

std::optional<ClientDecisions> Scorer::decisions_of(uint64_t client_hash, uint64_t check) const {
  return impl_->decisions.of({client_hash, impl_->clients.chunk_of(client_hash)}, check);
}

const SourceTimes& Scorer::sources() const {
  return impl_->clock.sources();
}

std::optional<ClientReport> Scorer::report(uint64_t client_hash, uint64_t check) const {
  WEIR_ASSERT(!impl_->absent[impl_->clients.chunk_of(client_hash)], "only a state that is there can be told of");
  const ClientSlot slot = impl_->clients.find(client_hash, check);
  if (slot == kNoClient) return std::nullopt;
  return report_client(impl_->parts(), impl_->options.abuse, slot);
}

std::optional<EventTime> Scorer::now() const {
  if (impl_->now_ms == PartitionClock::kUnset) return std::nullopt;
  return EventTime{Milliseconds{impl_->now_ms}};
}

void Scorer::note_append_time(int64_t append_ms) {
  impl_->append_ms = append_ms;
}

void Scorer::score_waiting(std::vector<Alert>& alerts) {
  if (impl_->waiting.size() == 0) return;
  impl_->release_all(alerts);
  impl_->refresh_statistics();
}

void Scorer::finish(std::vector<Alert>& alerts) {
  score_waiting(alerts);
  if (impl_->order_in_force == ScoreOrder::kEventTime) impl_->settle(std::numeric_limits<int64_t>::max(), alerts);
  impl_->close_due(std::numeric_limits<int64_t>::max(), alerts);
  impl_->correlator.finish(alerts);
  impl_->refresh_statistics();
}

const ScorerStatistics& Scorer::statistics() const {
  return impl_->statistics;
}

uint32_t Scorer::chunk_count() const {
  return impl_->clients.chunk_count();
}

void Scorer::save(uint32_t chunk, std::string& out) const {
  WEIR_ASSERT(chunk < chunk_count() && !impl_->absent[chunk], "only a chunk that is there can be saved");
  impl_->save(chunk, out);
}

PartitionTimes Scorer::times() const {
  return {impl_->clock, impl_->correlator.times()};
}

void Scorer::begin_restore() {
  impl_->begin_restore();
  impl_->absent.assign(chunk_count(), true);
  impl_->absent_count = chunk_count();
  impl_->refresh_statistics();
}

void Scorer::end_restore() {
  Impl& state = *impl_;
  if (std::exchange(state.order_in_force, state.options.order) != state.options.order &&
      state.order_in_force == ScoreOrder::kArrival)
    state.now_ms = state.clock.now_ms();
}

Status Scorer::load(uint32_t chunk, std::string_view bytes) {
  Impl& state = *impl_;
  if (chunk >= chunk_count() || !state.absent[chunk]) {
    return fail(ErrorCode::kInvalidArgument, "score", "chunk " + std::to_string(chunk) + " is not absent");
  }
  std::string_view correlations;
  if (!bytes.empty()) {
    if (Status status = load_chunk(bytes, chunk, state.parts(), correlations); !status) return status;
  }
  if (Status status = state.correlator.load(chunk, correlations); !status) return status;
  state.absent[chunk] = false;
  --state.absent_count;
  state.refresh_statistics();
  return {};
}

uint64_t Scorer::digest() const {
  std::string bytes;
  for (uint32_t chunk = 0; chunk < chunk_count(); ++chunk)
    save(chunk, bytes);
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace weir
