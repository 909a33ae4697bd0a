#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>

namespace weir {

/// Ends the process when its teardown hangs. By then the work is stored and the offsets are committed, or will be read again;
/// what is left is freeing memory, in which the client library can wait for ever (2.0.2, for the answer to a commit whose
/// coordinator went away). A stop that takes until the service manager kills would be the worse end.
///
/// Owner: the main thread. A thread of its own waits; destroying the deadline in time stands it down.
class TeardownDeadline {
 public:
  /// `expired` is told before the process ends, and must not block. `end` is what ends it, replaced in tests.
  TeardownDeadline(
      std::chrono::milliseconds limit, std::function<void()> expired,
      std::function<void(int)> end = [](int exit_code) { std::_Exit(exit_code); });
  ~TeardownDeadline();
  TeardownDeadline(const TeardownDeadline&) = delete;
  TeardownDeadline& operator=(const TeardownDeadline&) = delete;

  /// What the process ends with from here on; a failure until this is called.
  void set_exit_code(int exit_code) { exit_code_.store(exit_code); }

 private:
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;  // guarded by mutex_
  std::atomic<int> exit_code_;
  std::thread thread_;
};

}  // namespace weir
