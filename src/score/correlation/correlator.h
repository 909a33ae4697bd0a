#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "score/correlation/correlation_event.h"
#include "score/correlation/correlation_group.h"
#include "score/partition_clock.h"
#include "score/score_options.h"

namespace weir {

struct CorrelationStatistics {
  uint64_t events = 0;      ///< records for a correlation, results of others included
  uint64_t late = 0;        ///< of these, too old for their group's window
  uint64_t evicted = 0;     ///< groups that had to go for lack of room
  uint64_t groups = 0;      ///< now
  uint64_t bytes = 0;       ///< now, about
  uint64_t suppressed = 0;  ///< records counted into an episode without an alert of their own
};

/// The correlations of one partition: windows per definition and group, and the alerts they make. A pure function of the
/// options and the sequence of events and times given: no clock, no randomness. The state is divided into chunks by the
/// groups' hashes; each has its own limit, and what happens in one depends on nothing in another. Not thread-safe.
class Correlator {
 public:
  Correlator(const ScoreOptions& options, std::span<const std::string> topics, uint32_t chunk_count);

  /// Takes events in, in order, and appends the alerts they cause. `partition_ms`: how far the partition's event time has
  /// come by its observations; closes and judges what is over by then.
  void observe(std::span<const CorrelationEvent> events, int64_t partition_ms, std::vector<Alert>& alerts);

  /// Closes what is still open, as at the end of a file.
  void finish(std::vector<Alert>& alerts);

  [[nodiscard]] const CorrelationStatistics& statistics() const { return statistics_; }

  [[nodiscard]] uint32_t chunk_of(uint64_t group_hash) const;

  /// Appends a chunk as it is now; whoever stores it sees to its integrity.
  void save(uint32_t chunk, std::string& out) const;
  /// As Scorer::begin_restore.
  void begin_restore();
  /// As Scorer::load; empty bytes: the chunk was empty then.
  Status load(uint32_t chunk, std::string_view bytes);

 private:
  /// The groups of one definition in one chunk, in the order in which they would have to go.
  struct Queue {
    GroupSlot front = kNoGroup, back = kNoGroup;
    uint64_t bytes = 0;
  };
  struct Chunk {
    std::map<uint64_t, Queue> queues;  // by the definition's hash
    uint64_t bytes = 0;
    uint64_t next_sequence = 1;
    bool absent = false;
  };
  /// When a group wants attention, as it was when the node was made. A group whose time has moved on is put back.
  struct Timer {
    int64_t time_ms = 0;
    uint32_t chunk = 0;
    uint64_t sequence = 0;
    GroupSlot slot = kNoGroup;
    bool operator>(const Timer& other) const {
      return std::tie(time_ms, chunk, sequence) > std::tie(other.time_ms, other.chunk, other.sequence);
    }
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
    const CorrelationDefinition* definition = nullptr;
    std::string group;
    Occurrence occurrence;  // its view of the group is set when its turn comes
  };

  void forget_unused_definitions();
  const CorrelationDefinition* keep(const CorrelationDefinition& definition);
  void take(const CorrelationDefinition& definition, const Occurrence& occurrence, std::vector<Alert>& alerts);
  GroupSlot group_of(const CorrelationDefinition& definition, const Occurrence& occurrence);
  void on_match(CorrelationGroup& group, double value, int64_t oldest_ms, std::vector<Alert>& alerts);
  void feed(CorrelationGroup& group);
  void take_results(std::vector<Alert>& alerts);
  void judge(CorrelationGroup& group, std::vector<Alert>& alerts);
  void close_episode(CorrelationGroup& group, std::vector<Alert>& alerts);
  Alert make_alert(CorrelationGroup& group, EpisodePhase phase) const;

  void run_timers(int64_t clock_ms, std::vector<Alert>& alerts);
  void attend(GroupSlot slot, int64_t clock_ms, std::vector<Alert>& alerts);
  [[nodiscard]] int64_t deadline_of(const CorrelationGroup& group) const;
  void set_timer(GroupSlot slot);
  [[nodiscard]] int64_t now_ms() const { return std::max(clock_.now_ms(), partition_ms_); }

  GroupSlot add_group(const CorrelationDefinition& definition, uint64_t group_hash);
  void append_to_queue(GroupSlot slot);
  void unlink(GroupSlot slot);
  void remove(GroupSlot slot);
  void account(CorrelationGroup& group);
  void make_room(uint32_t chunk, GroupSlot keep, std::vector<Alert>& alerts);
  [[nodiscard]] GroupSlot least_telling(Queue& queue, GroupSlot keep);
  static uint64_t key_of(uint64_t group_hash, const CorrelationDefinition& definition);
  Queue& queue_of(const CorrelationGroup& group) { return chunks_[group.chunk].queues[group.definition->hash]; }

  [[nodiscard]] bool load_queue(BinaryReader& in, uint32_t chunk, const CorrelationDefinition& definition,
                                std::span<const uint16_t> topics);

  int64_t lateness_ms_;
  EpisodeOptions episodes_;
  uint64_t chunk_bytes_max_;
  uint32_t chunk_bits_;
  std::vector<std::string> topics_;
  std::vector<Chunk> chunks_;
  std::deque<CorrelationGroup> groups_;  // references stay valid while it grows
  std::vector<GroupSlot> free_;
  absl::flat_hash_map<uint64_t, GroupSlot> index_;  // by key_of
  absl::flat_hash_map<uint64_t, std::unique_ptr<CorrelationDefinition>> definitions_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  PartitionClock clock_;
  int64_t partition_ms_ = std::numeric_limits<int64_t>::min();
  std::vector<Result> results_;
  CorrelationStatistics statistics_;
};

}  // namespace weir
