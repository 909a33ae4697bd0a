#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "score/observation.h"
#include "score/score_options.h"

namespace weir {

struct ScorerStatistics {
  uint64_t observations = 0;
  uint64_t clients = 0;          ///< now in the table
  uint64_t clients_evicted = 0;  ///< for lack of room
  uint64_t clients_expired = 0;  ///< idle
  uint64_t state_bytes = 0;
  uint64_t episodes_open = 0;
  uint64_t alerts_suppressed = 0;  ///< records counted into an episode without an alert of their own
};

/// Scores the clients of one partition of the observations topic. A pure function of the options and the sequence of
/// observations: no clock, no randomness, no dependence on how the sequence is cut into batches (AB5). Owned by one lane.
class Scorer {
 public:
  Scorer(const ScoreOptions& options, std::span<const std::string> topics);
  ~Scorer();
  Scorer(Scorer&&) noexcept;
  Scorer& operator=(Scorer&&) noexcept;

  /// Appends the alerts that these observations cause, in order.
  void observe(std::span<const Observation> observations, std::vector<Alert>& alerts);

  /// Closes what is still open, as at the end of a file (`weir scan`). The daemon never calls it.
  void finish(std::vector<Alert>& alerts);

  [[nodiscard]] const ScorerStatistics& statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
