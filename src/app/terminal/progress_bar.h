#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A line on standard error that shows how far a long job is; silent unless standard error is a terminal.
class ProgressBar {
 public:
  ProgressBar();

  /// Redraws at most ten times a second. `done` and `total` are bytes; total 0 means unknown.
  void update(uint64_t done, uint64_t total, uint64_t records);

  /// The same for a job of countable parts.
  void update_parts(uint64_t done, uint64_t total);

  /// Clears the line so that what follows starts clean.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_{};
};

}  // namespace weir
