#include "http/worker_pool.h"

#include <pthread.h>

#include <utility>

namespace weir {

WorkerPool::WorkerPool(size_t threads, size_t waiting_max, Serve serve)
    : waiting_max_(waiting_max), serve_(std::move(serve)) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::submit(UniqueFd connection) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || waiting_.size() < waiting_max_; });
  if (stopping_) return;
  waiting_.push_back(std::move(connection));
  changed_.notify_all();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

void WorkerPool::run() {
  pthread_setname_np(pthread_self(), "weir-http");
  while (true) {
    UniqueFd connection;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      connection = std::move(waiting_.front());
      waiting_.pop_front();
    }
    changed_.notify_all();
    serve_(std::move(connection));
  }
}

}  // namespace weir
