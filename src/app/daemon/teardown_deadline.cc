#include "app/daemon/teardown_deadline.h"

#include <utility>

#include "app/setup/exit_code.h"

namespace weir {

TeardownDeadline::TeardownDeadline(std::chrono::milliseconds limit, std::function<void()> expired,
                                   std::function<void(int)> end)
    : exit_code_(kExitFailed) {
  thread_ = std::thread([this, limit, expired = std::move(expired), end = std::move(end)] {
    std::unique_lock lock(mutex_);
    if (done_changed_.wait_for(lock, limit, [this] { return done_; })) return;
    expired();
    end(exit_code_.load());
  });
}

TeardownDeadline::~TeardownDeadline() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_all();
  thread_.join();
}

}  // namespace weir
