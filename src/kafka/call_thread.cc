#include "kafka/call_thread.h"

#include <chrono>
#include <utility>

namespace weir {
namespace {

constexpr Milliseconds kCallSlice{50};

}  // namespace

CallThread::CallThread() : thread_([this] { loop(); }) {}

CallThread::~CallThread() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool CallThread::run(std::function<void()> call, Patience& patience, Milliseconds hang) {
  std::unique_lock lock(mutex_);
  if (busy_) return false;  // an earlier call was given up
  call_ = std::move(call);
  busy_ = true;
  changed_.notify_all();
  const auto give_up = std::chrono::steady_clock::now() + hang;
  while (busy_) {
    changed_.wait_for(lock, kCallSlice, [this] { return !busy_; });
    if (!busy_) break;
    lock.unlock();
    const bool go_on = patience.may_wait() && std::chrono::steady_clock::now() < give_up;
    lock.lock();
    if (!go_on) return !busy_;
  }
  return true;
}

void CallThread::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return end_ || busy_; });
    if (!busy_) return;
    const auto call = std::exchange(call_, nullptr);
    lock.unlock();
    call();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
    if (end_) return;
  }
}

}  // namespace weir
