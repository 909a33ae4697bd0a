#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/siphash.h"
#include "base/topic_table.h"
#include "kafka/client_options.h"
#include "kafka/move/partition_restore.h"
#include "lane/patience.h"
#include "lane/state/state_division.h"
#include "score/score_options.h"

namespace weir {

struct StateMoveOptions {
  ClientOptions client;  ///< with the topics that the processes have used so far
  ScoreOptions score;
  TopicTable topics;  ///< of the requests
  SipHashKey hash_key{};
  Milliseconds snapshot_round{30'000};
  std::string observations, state;  ///< the new topics
  int32_t partitions = 0;           ///< of each of them
};

/// Moves the scoring state of all partitions to topics of another number of partitions, while no weir runs (docs/adr/0057). Nothing of
/// the old topics changes. Every call may block as long as `patience` lasts. One thread.
class StateMove {
 public:
  /// How far the step is.
  using Progress = std::function<void(uint64_t done, uint64_t total)>;

  /// Connects and looks: fails unless the groups have no members, all observations are scored, and the new topics are empty or not there.
  static Result<std::unique_ptr<StateMove>> prepare(StateMoveOptions options, Patience& patience);

  [[nodiscard]] int32_t old_partitions() const { return static_cast<int32_t>(partitions_.size()); }
  [[nodiscard]] const StateMoveOptions& options() const { return options_; }

  /// Restores the old partitions.
  Status read(const Progress& progress, Patience& patience);
  [[nodiscard]] const RestoreLosses& restore_losses() const { return restore_losses_; }
  /// After read().
  [[nodiscard]] const StateDivision& division() const { return *division_; }

  enum class Writing : uint8_t { kNo, kYes };
  /// Divides them, creates the new topics and writes to them. Without writing it only counts.
  Status divide(Writing writing, const Progress& progress, Patience& patience);
  [[nodiscard]] uint64_t bytes_written() const { return bytes_; }

 private:
  explicit StateMove(StateMoveOptions options) : options_(std::move(options)) {}
  Status check_names() const;
  Status check_group(const std::string& group, Patience& patience) const;
  Status check_groups(Patience& patience) const;
  Status check_new_topics(const std::map<std::string, int32_t>& there);
  Status find_partitions(int32_t count, Patience& patience);
  Status check_nothing_unread(Patience& patience) const;
  Status create_topics();

  StateMoveOptions options_;
  std::vector<AssignedPartition> partitions_;
  std::vector<int64_t> ends_;  // of these
  RestoreLosses restore_losses_;
  std::unique_ptr<StateDivision> division_;
  uint64_t bytes_ = 0;
};

}  // namespace weir
