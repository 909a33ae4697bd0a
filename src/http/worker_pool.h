#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "http/socket.h"

namespace weir {

/// A fixed number of threads that serve connections, and a bounded queue in front of them.
class WorkerPool {
 public:
  using Serve = std::function<void(UniqueFd)>;

  /// `serve` must not throw.
  WorkerPool(size_t threads, size_t waiting_max, Serve serve);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Hands over a connection; waits while the queue is full. After stop() the connection is closed unserved.
  void submit(UniqueFd connection);

  /// Closes what waits, and joins the threads. May be called twice.
  void stop();

 private:
  void run();

  const size_t waiting_max_;
  const Serve serve_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UniqueFd> waiting_;  // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace weir
