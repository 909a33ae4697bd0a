#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace weir {

/// Sends the request that wakes the library's fetching (fetches_need_wake_up) beside the lane: the answer waits behind a fetch that
/// is under way, a tenth of a second where the partitions asked for are at their ends.
class FetchWaker {
 public:
  FetchWaker() : thread_([this] { loop(); }) {}
  /// Waits for a request that is under way.
  ~FetchWaker() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  FetchWaker(const FetchWaker&) = delete;
  FetchWaker& operator=(const FetchWaker&) = delete;

  /// False, and nothing is done: the last one is still under way, which wakes as well.
  bool wake(std::function<void()> request) {
    {
      const std::lock_guard lock(mutex_);
      if (request_) return false;
      request_ = std::move(request);
    }
    changed_.notify_all();
    return true;
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return end_ || request_; });
      if (end_) return;
      lock.unlock();
      request_();  // not replaced before it is empty
      lock.lock();
      request_ = nullptr;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> request_;  // guarded by mutex_, like the flag; but for the call itself
  bool end_ = false;
  std::thread thread_;
};

}  // namespace weir
