#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace weir {

/// Runs a request to the brokers beside the lane, one at a time: its answer waits behind a fetch that is under way, a tenth of a second
/// where the partitions asked for are at their ends.
class SideCall {
 public:
  SideCall() : thread_([this] { loop(); }) {}
  /// Waits for a request that is under way.
  ~SideCall() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  SideCall(const SideCall&) = delete;
  SideCall& operator=(const SideCall&) = delete;

  /// False, and nothing is done: the last one is still under way.
  bool run(std::function<void()> request) {
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
