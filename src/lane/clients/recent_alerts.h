#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "alert/alert.h"

namespace weir {

/// Of an alert that was published, what tells which one it was.
struct RecentAlert {
  std::string id, episode_id;
  AlertKind kind = AlertKind::kAttack;
  EpisodePhase phase = EpisodePhase::kOpened;
  Level severity = Level::kInformational;
  EventTime time{};
  uint64_t count = 0;
};

/// The last alerts of one lane. Not part of any state: after a restart there are none. Of one thread.
class RecentAlerts {
 public:
  static constexpr size_t kKept = 1'024;         ///< of all clients; the oldest goes first
  static constexpr size_t kOfOneClientMax = 20;  ///< told at once

  void note(const Alert& alert);
  /// Of the client with this check (client_check), the newest first.
  [[nodiscard]] std::vector<RecentAlert> of(uint64_t check) const;

 private:
  struct Kept {
    uint64_t check = 0;
    RecentAlert alert;
  };
  std::vector<Kept> ring_;
  size_t next_ = 0;  // of ring_, once it is full
};

}  // namespace weir
