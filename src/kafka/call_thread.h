#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "lane/patience.h"

namespace weir {

/// Runs calls of the client library that may block for longer than the time they were given (15.7 s instead of 2 were
/// seen) on a thread of its own. The lane waits beside it in short slices: a slow call does not look like a hanging lane.
class CallThread {
 public:
  CallThread();
  /// Waits for a call that was given up; it ends by the library's own times.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  /// Runs `call` and waits for it as long as `patience` lasts, at most `hang` (then it counts as hanging). False: given up,
  /// the call goes on by itself, and nothing more can be run.
  bool run(std::function<void()> call, Patience& patience, Milliseconds hang);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> call_;  // guarded by mutex_, like the flags
  bool busy_ = false, end_ = false;
  std::thread thread_;
};

}  // namespace weir
