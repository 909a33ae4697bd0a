#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "base/topic_table.h"
#include "score/correlation/correlation_event.h"
#include "score/decisions/decision.h"
#include "score/observation.h"
#include "score/orders/silences.h"
#include "score/score_options.h"
#include "score/source_times.h"

namespace weir {

struct ClientReport;
struct PartitionTimes;

struct ScorerStatistics {
  uint64_t observations = 0;
  uint64_t clients = 0;          ///< now in the table
  uint64_t clients_evicted = 0;  ///< for lack of room
  uint64_t clients_expired = 0;  ///< idle
  uint64_t state_bytes = 0;
  uint64_t episodes_open = 0;
  uint64_t alerts_silenced = 0;                ///< left out because somebody decided so
  uint64_t silences = 0;                       ///< now
  DecisionCounts decisions;                    ///< about clients, by the policy
  uint64_t alerts_suppressed = 0;              ///< records counted into an episode without an alert of their own
  std::array<uint64_t, kOutcomes> outcomes{};  ///< records of attacks
  uint64_t bursts_late = 0;                    ///< records that came too late to be counted for bursts
  uint64_t correlation_events = 0;             ///< records and results that correlations took in
  uint64_t correlation_late = 0;               ///< of these, too old for their group
  uint64_t correlation_evicted = 0;            ///< groups, for lack of room
  uint64_t correlation_groups = 0;             ///< now
  uint64_t waiting = 0;        ///< observations and events for correlations, now (ScoreOrder::kEventTime)
  uint64_t waiting_bytes = 0;  ///< of these, about
  uint64_t order_late = 0;     ///< came behind what was scored already, and were scored at once
  uint64_t order_early = 0;    ///< were scored before their turn, for lack of room
};

/// Scores the clients of one partition of the observations topic. A pure function of the options and the sequence of
/// observations: no clock, no randomness, no dependence on how the sequence is cut into batches (AB5). With ScoreOrder::kEventTime
/// also of the set alone, as long as none comes later than the bound (docs/adr/0059-event-order.md). Owned by one lane.
class Scorer {
 public:
  Scorer(const ScoreOptions& options, TopicTable topics);
  ~Scorer();
  Scorer(Scorer&&) noexcept;
  Scorer& operator=(Scorer&&) noexcept;

  /// Appends the alerts that these observations cause, in order.
  void observe(std::span<const Observation> observations, std::vector<Alert>& alerts) {
    observe(observations, {}, alerts);
  }
  /// As above, and after them those of the events for correlations (docs/correlation.md).
  void observe(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
               std::vector<Alert>& alerts);

  /// When the broker took the records of the observations to come, for Alert::append_ms of those that wait; 0: not known.
  void note_append_time(int64_t append_ms);

  /// What the next observations' block says of its sources; `told_ms` is the broker's time of the block. From the first such report
  /// on the partition's event time goes by the sources.
  void take_sources(std::span<const SourceReport> reports, int64_t told_ms);
  /// After the block's observations: the partition's event time goes to where the sources are with them. (Before, it would close what
  /// they go on with, where a block holds much event time.)
  void follow_sources(std::vector<Alert>& alerts);
  [[nodiscard]] const SourceTimes& sources() const;

  /// What the alerts led to by options.decisions, and what ended, since the last call and in order. With a policy to be called after
  /// each of the calls that give alerts.
  [[nodiscard]] std::vector<DecisionChange> take_decisions();

  /// What people decided of clients of this partition, at this place of the stream: before the observations that follow.
  void decide(std::span<const ClientOrder> orders, std::vector<Alert>& alerts);
  /// The silences of a client that are in force.
  [[nodiscard]] std::vector<Silence> silences_of(uint64_t client_hash, uint64_t check) const;
  /// Its decisions; nothing if none is in force or remembered.
  [[nodiscard]] std::optional<ClientDecisions> decisions_of(uint64_t client_hash, uint64_t check) const;

  /// What is kept of a client, for a person who asks; nothing if it is not known. Its chunk must not be absent.
  [[nodiscard]] std::optional<ClientReport> report(uint64_t client_hash, uint64_t check) const;
  /// The event time up to which the partition is scored; nothing before its first observation.
  [[nodiscard]] std::optional<EventTime> now() const;

  /// Scores what still waits, in order, as at the end of what there is to read (`weir scan`, `weir replay`). The daemon never calls it.
  void score_waiting(std::vector<Alert>& alerts);
  /// As above, and closes what is still open, as at the end of a file (`weir scan`). The daemon never calls it.
  void finish(std::vector<Alert>& alerts);

  /// The counts never go back; a restore counts what it repeats once more.
  [[nodiscard]] const ScorerStatistics& statistics() const;

  /// Into how many chunks the state is divided: a power of two that follows from `clients_max` (docs/scoring.md).
  [[nodiscard]] uint32_t chunk_count() const;

  /// Appends a chunk as it is after the observations so far. No chunk may be absent.
  void save(uint32_t chunk, std::string& out) const;

  /// The event time that the chunks hold, which is the same in all of them.
  [[nodiscard]] PartitionTimes times() const;

  /// Forgets everything. All chunks are absent: observations of their clients only advance the clock, until load().
  void begin_restore();

  /// Puts an absent chunk back. `bytes` are those of save(), to be given between the same two observations; the observations
  /// from the earliest chunk's on must have been observed again, without a gap. Empty bytes: the chunk was empty then. Once
  /// all chunks are back, the state and every later alert are what they would have been without the restart.
  /// Fails with kParse (damaged), kUnsupported (of another version or layout) or kInvalidArgument (the chunk is not absent, or
  /// the observations before were not those that save() had seen); then begin_restore() again.
  Status load(uint32_t chunk, std::string_view bytes);

  /// All that an earlier life had scored was observed again: from here on the options' order is in force. While it is restored, the
  /// state has the order in which it was saved.
  void end_restore();

  /// Hash of the whole state, for tests.
  [[nodiscard]] uint64_t digest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
