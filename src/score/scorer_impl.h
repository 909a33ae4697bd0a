#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "score/scorer.h"
#include "score/state/scorer_state.h"

namespace weir {

/// Of a scorer alone: its state, and what is done with it.
struct Scorer::Impl : ScorerState {
  Impl(const ScoreOptions& score_options, const TopicTable& topics)
      : ScorerState(score_options, topics), absent(clients.chunk_count(), false) {
    correlator.know_clients([this](const CorrelationClient& client, std::vector<RelatedEpisode>& related) {
      relate_to_client(client, related);
    });
  }
  Impl(const Impl&) = delete;  // the correlator knows where it is
  Impl& operator=(const Impl&) = delete;

  void observe_batch(std::span<const Observation> batch, std::vector<Alert>& alerts);
  void observe_one(const Observation& record, uint64_t check, ClientSlot hint, std::vector<Alert>& alerts);
  void score(const Observation& record, uint64_t check, ClientSlot hint, std::vector<Alert>& alerts);
  ClientSlot client_of(const Observation& record, uint64_t check, ClientSlot hint, std::vector<Alert>& alerts);
  void note_nobody(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts);
  void judge_window(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts);
  void judge_bursts(const Observation& record, ClientSlot slot, std::vector<Alert>& alerts);
  void close_incidents_before(const BurstFinding& finding, ClientSlot slot, std::vector<Alert>& alerts);
  bool note_burst(ClientSlot slot, Episodes::BurstOccurrence occurrence, std::vector<Alert>& alerts);
  void note(AlertKind kind, ClientSlot slot, const Episodes::Occurrence& occurrence, std::vector<Alert>& alerts);

  /// An alert and the episode it tells of.
  struct Told {
    uint32_t episode = kNoEpisode;
    int64_t time_ms = 0;       ///< of the record that caused it
    size_t alerts_before = 0;  ///< where the alerts that tell of it begin
  };
  void tell(ClientSlot slot, const Told& told, std::vector<Alert>& alerts);
  void relate(ClientSlot slot, const Told& told, std::vector<Alert>& alerts) const;
  void relate_to_client(const CorrelationClient& client, std::vector<RelatedEpisode>& related) const;
  template <typename Visit>
  void for_each_open_episode(ClientSlot slot, const Visit& visit) const;

  void summarise(AlertKind kind, uint32_t chunk, const Episodes::Occurrence& occurrence, std::vector<Alert>& alerts);
  void close_due(int64_t time_ms, std::vector<Alert>& alerts);
  void close_overdue_of(ClientSlot slot, int64_t time_ms, std::vector<Alert>& alerts);
  void close_episode(uint32_t number, std::vector<Alert>& alerts);
  [[nodiscard]] bool has_open_episode(ClientSlot slot) const;
  void expire_idle(uint32_t chunk, int clients_max);
  void evict_one(uint32_t chunk, std::vector<Alert>& alerts);
  void close_all_of(ClientSlot slot, std::vector<Alert>& alerts);
  void decide(const ClientOrder& order, std::vector<Alert>& alerts);
  void leave_out_silenced(size_t begin, std::vector<Alert>& alerts);
  ClientSlot least_telling(uint32_t chunk);
  void refresh_statistics();
  [[nodiscard]] bool is_absent(uint32_t chunk) const { return absent_count > 0 && absent[chunk]; }

  // --- ScoreOrder::kEventTime, in waiting/event_order.cc
  void take_in(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
               std::vector<Alert>& alerts);
  template <typename Record>
  void take_in_one(const Record& record, uint32_t chunk, std::vector<Alert>& alerts);
  void score_now(const Observation& record, std::vector<Alert>& alerts);
  void score_now(const CorrelationEvent& event, std::vector<Alert>& alerts);
  void score_waiting(const WaitingRecord& record, std::vector<Alert>& alerts);
  void release(std::vector<Alert>& alerts);
  void release_before(int64_t time_ms, std::vector<Alert>& alerts);
  void advance_to(int64_t time_ms, std::vector<Alert>& alerts);
  void settle(int64_t time_ms, std::vector<Alert>& alerts);
  void release_all(std::vector<Alert>& alerts);

  int64_t append_ms = 0;     // of the records of the block at hand
  std::vector<bool> absent;  // chunks that a restore has not yet put back
  uint32_t absent_count = 0;
  ScorerStatistics statistics;
};

}  // namespace weir
