#pragma once

#include <algorithm>
#include <string>

#include "base/topic_table.h"
#include "score/alert_budget.h"
#include "score/burst.h"
#include "score/client_table.h"
#include "score/client_window.h"
#include "score/correlation/correlator.h"
#include "score/decisions/decisions.h"
#include "score/episodes.h"
#include "score/orders/silences.h"
#include "score/partition_clock.h"
#include "score/score_options.h"
#include "score/state/state_chunk.h"
#include "score/waiting/waiting_records.h"

namespace weir {

/// What a partition's scoring state consists of, as the options say. Decides nothing.
struct ScorerState {
  ScorerState(const ScoreOptions& score_options, const TopicTable& topics)
      : options(score_options),
        capacity(std::clamp(score_options.abuse.window_requests, ClientWindow::kRequestsMin,
                            AbuseOptions::kWindowRequestsMax)),
        bursts(score_options.bursts, score_options.lateness, score_options.client_idle + score_options.lateness),
        clients(std::max<uint32_t>(score_options.clients_max, 1),
                ClientTable::chunk_count_for(score_options.clients_max, score_options.chunk_clients),
                ClientWindow::words(capacity) + bursts.words()),
        episodes(score_options.episodes, score_options.bursts.window, topics),
        silences(clients.chunk_count()),
        decisions(score_options.decisions, clients.chunk_count()),
        budget(score_options.episodes.opened_per_minute_max, clients.chunk_count()),
        correlator(score_options, topics, clients.chunk_count()),
        waiting(topics, clients.chunk_count(), score_options.waiting_bytes_max),
        order_in_force(score_options.order) {}

  [[nodiscard]] StateParts parts() {
    return {clients,   bursts,  episodes, budget,         clock,  silences,
            decisions, waiting, progress, order_in_force, now_ms, capacity};
  }
  [[nodiscard]] uint32_t* burst_words(ClientSlot slot) { return clients.window(slot) + ClientWindow::words(capacity); }

  /// Forgets everything.
  void begin_restore() {
    clients.clear();
    bursts.clear();
    episodes.clear();
    silences.clear();
    decisions.clear();
    budget.clear();
    waiting.clear();
    progress = {};
    clock = {};
    now_ms = PartitionClock::kUnset;
    order_in_force = options.order;
    correlator.begin_restore();
  }
  /// Appends a chunk.
  void save(uint32_t chunk, std::string& out) {
    std::string correlations;
    correlator.save(chunk, correlations);
    save_chunk(parts(), chunk, correlations, out);
  }
  /// What is allowed per minute goes by it.
  [[nodiscard]] int64_t budget_ms() const { return now_ms == clock.now_ms() ? clock.budget_ms() : now_ms; }
  void remove(ClientSlot slot) {
    bursts.release(burst_words(slot));
    clients.remove(slot);
  }

  ScoreOptions options;
  uint32_t capacity;
  Bursts bursts;
  ClientTable clients;
  Episodes episodes;
  Silences silences;
  Decisions decisions;
  AlertBudget budget;
  PartitionClock clock;
  Correlator correlator;
  WaitingRecords waiting;
  ArrivalProgress progress;
  ScoreOrder order_in_force;  // that of the state; while it is restored the one in which it was saved
  int64_t now_ms =
      PartitionClock::kUnset;  // the event time up to which it is scored: the clock's, or behind it what was in order
};

}  // namespace weir
