// Scorer::Impl where observations wait until the clock has passed them, and are scored by time and coordinates
// (docs/adr/0059-event-order.md). What one chunk of the state does depends on no other: neither which of its records wait nor when they
// are scored.

#include <utility>

#include "base/assert.h"
#include "score/client_check.h"
#include "score/scorer_impl.h"

namespace weir {
namespace {

constexpr int kExpiredPerRecord = 4;  // of a chunk, with each of its records; more than can have come since

}  // namespace

void Scorer::Impl::take_in(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
                           std::vector<Alert>& alerts) {
  for (const Observation& record : observations) {
    const bool is_count = record.has(ObservationFlag::kAddressCount);
    clock.advance(record.time.time_since_epoch().count(),
                  is_count ? PartitionClock::Of::kAddress : PartitionClock::Of::kRecord);
    ++statistics.observations;
    take_in_one(record, clients.chunk_of(record.client_hash), alerts);
  }
  for (const CorrelationEvent& event : events)
    take_in_one(event, correlator.chunk_of(event.group_hash), alerts);
  // Otherwise the block says first how far its sources have come with it.
  if (!clock.follows_sources()) return release(alerts);
  refresh_statistics();
}

template <typename Record>
void Scorer::Impl::take_in_one(const Record& record, uint32_t chunk, std::vector<Alert>& alerts) {
  const int64_t time_ms = record.time.time_since_epoch().count();
  progress.take(time_ms);
  if (is_absent(chunk)) return;
  if (time_ms < now_ms || waiting.is_overtaken(chunk, time_ms)) {
    ++statistics.order_late;
    return score_now(record, alerts);
  }
  if constexpr (std::is_same_v<Record, CorrelationEvent>) waiting.keep(*record.definition);
  waiting.add(chunk, waiting_record(record, append_ms));
  while (const auto early = waiting.take_excess(chunk)) {
    ++statistics.order_early;
    score_waiting(*early, alerts);
  }
}

void Scorer::Impl::score_now(const Observation& record, std::vector<Alert>& alerts) {
  const size_t first = alerts.size();
  const uint64_t check = client_check(record.client_kind, record.client);
  score(record, check, clients.guess(record.client_hash), alerts);
  leave_out_silenced(first, alerts);
  expire_idle(clients.chunk_of(record.client_hash), kExpiredPerRecord);
}

void Scorer::Impl::score_now(const CorrelationEvent& event, std::vector<Alert>& alerts) {
  correlator.observe({&event, 1}, now_ms, alerts, Correlator::TimeFrom::kCaller);
}

void Scorer::Impl::score_waiting(const WaitingRecord& record, std::vector<Alert>& alerts) {
  const size_t first = alerts.size();
  int64_t taken_ms = 0;
  bool is_whole = false;
  if (record.kind == WaitingRecord::Kind::kCorrelationEvent) {
    CorrelationEvent event;
    uint64_t definition = 0;
    is_whole = unpack(record, event, definition, taken_ms);
    event.definition = waiting.definition(definition);
    is_whole = is_whole && event.definition != nullptr;
    if (is_whole) score_now(event, alerts);
  } else {
    Observation observation;
    is_whole = unpack(record, observation, taken_ms);
    if (is_whole) score_now(observation, alerts);
  }
  WEIR_ASSERT(is_whole, "what waits was packed here, or checked when it was loaded");
  for (size_t i = first; i < alerts.size(); ++i)
    alerts[i].append_ms = taken_ms;
}

/// What has its turn now.
void Scorer::Impl::release(std::vector<Alert>& alerts) {
  release_before(progress.follow(clock, options.disorder), alerts);
  refresh_statistics();
}

void Scorer::Impl::release_before(int64_t time_ms, std::vector<Alert>& alerts) {
  if (time_ms <= now_ms) return;
  for (const WaitingRecord& record : waiting.take_before(time_ms)) {
    advance_to(record.time_ms, alerts);
    score_waiting(record, alerts);
  }
  waiting.forget_definitions();
  advance_to(time_ms, alerts);
}

void Scorer::Impl::advance_to(int64_t time_ms, std::vector<Alert>& alerts) {
  settle(time_ms, alerts);
  decisions.advance(now_ms);
}

/// Does what is due on the way, in the order of time: it does not matter in how many steps the time goes.
void Scorer::Impl::settle(int64_t time_ms, std::vector<Alert>& alerts) {
  const int64_t lateness_ms = options.lateness.count();
  for (uint32_t number = episodes.first_due(time_ms - lateness_ms); number != kNoEpisode;
       number = episodes.first_due(time_ms - lateness_ms)) {
    now_ms = std::max(now_ms, episodes.due_ms(number) + lateness_ms);
    correlator.settle(now_ms, alerts);
    const size_t first = alerts.size();
    close_episode(number, alerts);
    leave_out_silenced(first, alerts);
  }
  now_ms = std::max(now_ms, time_ms);
  correlator.settle(now_ms, alerts);
}

void Scorer::Impl::release_all(std::vector<Alert>& alerts) {
  for (const WaitingRecord& record : waiting.take_before(std::numeric_limits<int64_t>::max())) {
    if (order_in_force == ScoreOrder::kEventTime) advance_to(record.time_ms, alerts);
    score_waiting(record, alerts);
  }
  waiting.forget_definitions();
}

}  // namespace weir
