#pragma once

#include <csignal>

namespace weir {

/// Turns Ctrl-C (SIGINT) and SIGTERM into a request to come to an end: what was done so far is not lost. Only the first: after
/// it, they end the process as always. One at a time, made before other threads.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Whether one came; does not block.
  [[nodiscard]] bool requested();

  /// Blocks until the descriptor is readable (-1: there is none), one was requested, or the time has passed (-1: for ever).
  void wait(int descriptor, int milliseconds);

 private:
  sigset_t before_{};
  int signals_ = -1;
  bool requested_ = false;
};

}  // namespace weir
