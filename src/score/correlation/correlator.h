#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "base/topic_table.h"
#include "score/correlation/correlation_event.h"
#include "score/correlation/correlation_group.h"
#include "score/correlation/deadline_queue.h"
#include "score/correlation/group_table.h"
#include "score/hash_filter.h"
#include "score/partition_clock.h"
#include "score/score_options.h"

namespace weir {

struct CorrelationStatistics {
  uint64_t events = 0;      ///< records for a correlation, results of others included
  uint64_t late = 0;        ///< of these, too old for their group's window
  uint64_t evicted = 0;     ///< groups that had to go for lack of room
  uint64_t groups = 0;      ///< now
  uint64_t bytes = 0;       ///< now, about
  uint64_t deadlines = 0;   ///< now in memory, those that hold no more included
  uint64_t suppressed = 0;  ///< records counted into an episode without an alert of their own
};

struct CorrelationTimes {
  PartitionClock clock;  ///< of the events
  int64_t partition_ms = kNoTime;
};

/// A client that is all a correlation groups by, and the record that made its alert.
struct CorrelationClient {
  uint64_t hash = 0;
  ClientKind kind = ClientKind::kAddress;
  std::string_view name;
  int64_t time_ms = 0;
  RecordCoordinates at;
};
/// Appends what is open of a client.
using RelateToClient = std::function<void(const CorrelationClient&, std::vector<RelatedEpisode>&)>;

/// The correlations of one partition: windows per definition and group, and the alerts they make. A pure function of the
/// options and the sequence of events and times given: no clock, no randomness. The state is divided into chunks by the
/// groups' hashes; each has its own limit, and what happens in one depends on nothing in another. Not thread-safe.
class Correlator {
 public:
  Correlator(const ScoreOptions& options, TopicTable topics, uint32_t chunk_count);

  /// From now on alerts name what is open of the client they are about.
  void know_clients(RelateToClient relate) { relate_to_client_ = std::move(relate); }

  /// Takes events in, in order, and appends the alerts they cause. `partition_ms`: how far the partition's event time has
  /// come by its observations; closes and judges what is over by then.
  /// Whether the events' own times move the clock, or the partition's alone, or settle().
  enum class TimeFrom : uint8_t { kEvents, kPartition, kCaller };
  void observe(std::span<const CorrelationEvent> events, int64_t partition_ms, std::vector<Alert>& alerts,
               TimeFrom time_from = TimeFrom::kEvents);

  /// The partition's event time goes to `partition_ms`: does what is due on the way there, each at the time at which it is due, so
  /// that it does not matter in how many steps it goes.
  void settle(int64_t partition_ms, std::vector<Alert>& alerts);

  /// Closes what is still open, as at the end of a file.
  void finish(std::vector<Alert>& alerts);

  [[nodiscard]] CorrelationStatistics statistics() const {
    CorrelationStatistics now = statistics_;
    now.groups = groups_.size();
    now.bytes = groups_.bytes();
    now.deadlines = deadlines_.size();
    return now;
  }

  [[nodiscard]] uint32_t chunk_of(uint64_t group_hash) const { return groups_.chunk_of(group_hash); }

  /// Appends a chunk as it is now; whoever stores it sees to its integrity.
  void save(uint32_t chunk, std::string& out) const;
  /// As Scorer::begin_restore.
  void begin_restore();
  /// As Scorer::load; empty bytes: the chunk was empty then.
  Status load(uint32_t chunk, std::string_view bytes);

  // --- for dividing a state among partitions (docs/adr/0057), after begin_restore()

  /// Where the partition's time stands, as far as correlations keep their own.
  [[nodiscard]] CorrelationTimes times() const { return {clock_, partition_ms_}; }
  /// Keeps the groups of a saved chunk that `has` names, for finish_added().
  Status add(uint32_t chunk, std::string_view bytes, const HashFilter& has);
  /// All shares of the absent chunk are there: makes it of them, in the order in which their latest records came.
  void finish_added(uint32_t chunk, const CorrelationTimes& times);

 private:
  static constexpr size_t kBatch = 16;  // events whose memory is loaded ahead

  struct Chunk {
    uint64_t next_sequence = 1;
    bool absent = false;
  };
  /// Our own copy of a definition; those it feeds are such copies, too.
  struct Known : CorrelationDefinition {
    explicit Known(const CorrelationDefinition& definition) : CorrelationDefinition(definition) {}
    uint32_t number = 0;  ///< small, for tables
    bool at_end = false;  ///< judged_at_end()
    bool is_fed = false;  ///< by another correlation
  };
  /// A record or the result of another correlation on its way into a group.
  struct Occurrence {
    uint64_t group_hash = 0;
    std::string_view group;
    CorrelationWindow::Record record;
    CorrelationLast last;
  };
  /// A result that waits until the group it came from is done with.
  struct Result {
    const Known* definition = nullptr;
    std::string group;
    Occurrence occurrence;  // its view of the group is set when its turn comes
  };

  void forget_unused_definitions();
  const Known* keep(const CorrelationDefinition& definition);
  void load_ahead(std::span<const CorrelationEvent> batch);
  void take(const Known& definition, const Occurrence& occurrence, std::vector<Alert>& alerts);
  GroupSlot group_of(const Known& definition, const Occurrence& occurrence);
  void on_match(GroupSlot slot, double value, int64_t oldest_ms, std::vector<Alert>& alerts);
  void feed(CorrelationGroup& group);
  void take_results(std::vector<Alert>& alerts);
  void judge(GroupSlot slot, std::vector<Alert>& alerts);
  void close_episode(GroupSlot slot, std::vector<Alert>& alerts);
  Alert make_alert(CorrelationGroup& group, EpisodePhase phase) const;
  void relate(const CorrelationGroup& group, Alert& alert) const;
  void relate_to_sources(const CorrelationGroup& group, std::vector<RelatedEpisode>& related) const;

  /// Whether the time is there at once, or with each deadline at that one's.
  enum class Steps : uint8_t { kOne, kEach };
  void run_deadlines(int64_t clock_ms, std::vector<Alert>& alerts, Steps steps = Steps::kOne);
  void attend(GroupSlot slot, int64_t clock_ms, std::vector<Alert>& alerts);
  [[nodiscard]] int64_t deadline_of(const CorrelationGroup& group) const;
  void set_deadline(GroupSlot slot);
  [[nodiscard]] bool still_holds(const DeadlineQueue::Deadline& deadline) const;
  void make_room(uint32_t chunk, GroupSlot keep, std::vector<Alert>& alerts);
  [[nodiscard]] int64_t now_ms() const { return std::max(clock_.now_ms(), partition_ms_); }
  /// Deadlines up to here are due. A clock that has seen no time stays where it is: nothing is due.
  [[nodiscard]] int64_t settled_ms() const {
    const int64_t now = now_ms();
    return now < std::numeric_limits<int64_t>::min() + lateness_ms_ ? now : now - lateness_ms_;
  }

  /// A group of a saved chunk, on its way into the table.
  struct SavedGroup {
    const Known* definition = nullptr;
    CorrelationGroup group;
    uint64_t sequence = 0;
    bool touched = false;
  };
  /// What a saved chunk holds.
  struct SavedChunk {
    CorrelationTimes times;
    uint64_t next_sequence = 1;
    std::vector<SavedGroup> groups;
  };
  Status read_chunk(uint32_t number, std::string_view bytes, SavedChunk& saved);
  [[nodiscard]] bool read_queue(BinaryReader& in, const Known& definition, std::span<const uint16_t> topics,
                                std::vector<SavedGroup>& groups) const;
  bool insert(uint32_t chunk, SavedGroup saved);

  int64_t lateness_ms_;
  EpisodeOptions episodes_;
  uint64_t chunk_bytes_max_;
  TopicTable topics_;
  std::vector<Chunk> chunks_;
  GroupTable groups_;
  DeadlineQueue deadlines_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Known>> definitions_;  // by hash
  std::vector<uint32_t> free_numbers_;
  size_t definitions_max_;
  PartitionClock clock_;
  int64_t partition_ms_ = std::numeric_limits<int64_t>::min();
  std::vector<Result> results_;
  std::vector<SavedGroup> added_;  // of add()
  std::vector<GroupSlot> victims_;
  CorrelationStatistics statistics_;
  RelateToClient relate_to_client_;
};

}  // namespace weir
