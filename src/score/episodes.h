#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "alert/alert.h"
#include "base/topic_table.h"
#include "score/alert_id.h"
#include "score/attack_story.h"
#include "score/burst.h"
#include "score/client_table.h"
#include "score/observation.h"
#include "score/score_options.h"

namespace weir {

/// A client's run of alerts of one kind, while it is open.
struct Episode {
  AlertKind kind = AlertKind::kAttack;
  ClientKind client_kind = ClientKind::kAddress;
  ClientSlot owner = kNoClient;  ///< none: the records of many clients
  uint32_t chunk = 0;            ///< of its client
  uint64_t sequence = 0;         ///< of opening, ascending within a chunk; 0: this place is free
  std::string client;
  RecordCoordinates first, last;  ///< first and last record counted
  IpAddress address;              ///< of the last
  int64_t last_ms = 0;            ///< event time of the last
  int64_t first_seen_ms = 0;      ///< least and greatest event time of the records counted
  int64_t last_seen_ms = 0;
  int64_t counted_clock_ms = 0;  ///< the partition's event time when the last record was counted
  int64_t alerted_ms = 0;        ///< last_seen_ms at the latest alert
  uint64_t count = 0;
  uint64_t least = 0;      ///< of a client's burst: what makes one
  size_t next_update = 0;  ///< index into the update counts
  Level severity = Level::kInformational;
  CategoryMask categories = 0;
  AbuseVerdict verdict;
  BurstVerdict burst;                  ///< a client's: held and retry_after so far; a summary's: all reasons so far
  BurstIncident incident;              ///< a client's burst
  std::unique_ptr<AttackStory> story;  ///< attacks
  ValueCounts values;                  ///< all others: of the records counted
  /// A client's burst: first_seen_ms and last_seen_ms bound its periods, `last`, `address` and last_ms are of its latest record.
  [[nodiscard]] bool is_clients_burst() const { return kind == AlertKind::kBurst && owner != kNoClient; }
};

/// The open episodes of one partition, and the alerts they make (AL2). Decides nothing about clients. Not thread-safe.
class Episodes {
 public:
  /// `burst_window`: that of requests.
  Episodes(const EpisodeOptions& options, Milliseconds burst_window, TopicTable topics);

  /// One record for an episode.
  struct Occurrence {
    const Observation& observation;
    int64_t clock_ms = 0;  ///< the partition's event time
    Level severity = Level::kMedium;
    CategoryMask categories = 0;
    AbuseVerdict verdict;
    BurstReasons burst_reasons = 0;
  };

  /// Opens an episode with its first record. Returns its number.
  uint32_t open(AlertKind kind, ClientSlot owner, uint32_t chunk, const Occurrence& occurrence,
                std::vector<Alert>& alerts);

  /// As open, for the records of many clients: its client is kSummaryClient, a group, and it has no owner.
  uint32_t open_summary(AlertKind kind, uint32_t chunk, const Occurrence& occurrence, std::vector<Alert>& alerts);
  static constexpr std::string_view kSummaryClient = "*";

  /// A burst of a client, as a record showed it. Alerts before the closing one say of it only what does not depend on the order
  /// of the records.
  struct BurstOccurrence {
    const Observation& observation;
    const BurstFinding& finding;
    int64_t clock_ms = 0;
    Level severity = Level::kMedium;
    BurstIncident incident;
    ValueCounts values;  ///< of a period taken in for the first time; empty: those of the record
  };
  uint32_t open_burst(ClientSlot owner, uint32_t chunk, const BurstOccurrence& occurrence, std::vector<Alert>& alerts);
  /// Takes a further record in; updates at the configured counts.
  void count_burst(uint32_t number, const BurstOccurrence& occurrence, std::vector<Alert>& alerts);
  /// Takes a further period in, with all that it holds so far; updates likewise.
  void extend_burst(uint32_t number, const BurstOccurrence& occurrence, std::vector<Alert>& alerts);

  /// Counts a further record; makes an update when one is due: at the configured counts and intervals, and when the
  /// severity rises, since a flood of lesser records must not hide that. Otherwise the record is only counted.
  void count(uint32_t number, const Occurrence& occurrence, std::vector<Alert>& alerts);

  /// Makes the closing alert and frees the number.
  void close(uint32_t number, std::vector<Alert>& alerts);

  /// Puts a saved episode back as the newest of its chunk. Returns its number.
  uint32_t restore(Episode episode);
  void clear();

  /// The open episode that is due first if it is so at or before the partition time `clock_ms`, else kNoEpisode. Those due at
  /// the same time come by chunk and, within one, by age.
  uint32_t first_due(int64_t clock_ms);
  /// When an open episode is due.
  [[nodiscard]] int64_t due_ms(uint32_t number) const { return deadline_ms(episodes_[number]); }

  /// The client's own time from which a further record belongs to a new episode.
  [[nodiscard]] int64_t end_ms(uint32_t number) const {
    return episodes_[number].last_seen_ms + options_.idle_close.count();
  }

  /// Whether the first of two ends before the second, on equal ends by age.
  [[nodiscard]] bool precedes(uint32_t a, uint32_t b) const {
    return end_ms(a) != end_ms(b) ? end_ms(a) < end_ms(b) : episodes_[a].sequence < episodes_[b].sequence;
  }

  /// An open episode of a client as other alerts name it.
  [[nodiscard]] RelatedEpisode related(uint32_t number) const;

  [[nodiscard]] const TopicTable& topics() const { return topics_; }
  [[nodiscard]] const Episode& at(uint32_t number) const { return episodes_[number]; }
  /// What all alerts of the open episode say in Alert::episode_id.
  [[nodiscard]] std::string id_of(uint32_t number) const;
  [[nodiscard]] size_t open_count() const { return open_count_; }
  [[nodiscard]] uint64_t suppressed() const { return suppressed_; }
  /// Records of attacks by outcome.
  [[nodiscard]] const std::array<uint64_t, kOutcomes>& outcomes() const { return outcomes_; }
  [[nodiscard]] size_t bytes() const {
    return episodes_.capacity() * sizeof(Episode) + text_bytes_ + stories_ * sizeof(AttackStory) + all_kept_bytes_;
  }

 private:
  /// The partition time at which an episode closes unless a record comes before. It counts from when the last record was
  /// counted, so that the episodes of a partition of the input that lags behind the others stay together.
  [[nodiscard]] int64_t deadline_ms(const Episode& episode) const {
    return std::max(episode.last_seen_ms, episode.counted_clock_ms) + options_.idle_close.count();
  }

  /// A deadline as it was when the node was made. Episodes move on without touching their node: a node that comes up early
  /// is put back, one whose episode is gone is dropped.
  struct Deadline {
    int64_t time_ms = 0;
    uint32_t chunk = 0;
    uint64_t sequence = 0;
    uint32_t number = 0;
    bool operator>(const Deadline& other) const {
      return std::tie(time_ms, chunk, sequence) > std::tie(other.time_ms, other.chunk, other.sequence);
    }
  };
  using Deadlines = std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>>;

  uint32_t begin(Episode episode, const Occurrence& occurrence, std::vector<Alert>& alerts);
  uint32_t take_number();
  [[nodiscard]] Deadline deadline_of(uint32_t number) const;
  void push_deadline(uint32_t number);
  /// What of a record makes an alert due besides counts and times.
  struct News {
    bool is_worse = false;
    bool is_new = false;
    Outcome outcome = Outcome::kUnknown;
  };
  News take_in(Episode& episode, const Occurrence& occurrence);
  void show(Episode& episode, const Occurrence& occurrence, const News& news, EpisodePhase phase,
            std::vector<Alert>& alerts);
  void take_in(Episode& episode, const BurstOccurrence& occurrence);
  void count_values(Episode& episode, const Observation& record);
  void update_burst(Episode& episode, std::vector<Alert>& alerts);
  uint32_t add(Episode episode);
  size_t& kept_bytes(uint32_t chunk);
  [[nodiscard]] EpisodeOrigin origin_of(const Episode& episode) const;
  [[nodiscard]] static BurstOrigin burst_origin_of(const Episode& episode);
  Alert make_alert(Episode& episode, EpisodePhase phase) const;
  Alert make_burst_alert(const Episode& episode, EpisodePhase phase, uint64_t count) const;

  EpisodeOptions options_;
  Milliseconds burst_window_;
  TopicTable topics_;
  std::vector<Episode> episodes_;
  std::vector<uint32_t> free_;
  Deadlines deadlines_;
  uint64_t next_sequence_ = 1;
  size_t open_count_ = 0;
  size_t text_bytes_ = 0;
  uint64_t suppressed_ = 0;
  std::array<uint64_t, kOutcomes> outcomes_{};
  size_t stories_ = 0;
  /// Evidence for closing alerts takes so much of a chunk at most: what happens in one depends on nothing in another.
  static constexpr size_t kKeptBytesMax = 64 << 10;
  std::vector<size_t> kept_bytes_;  // by chunk
  size_t all_kept_bytes_ = 0;
};

}  // namespace weir
