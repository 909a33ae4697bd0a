#include "app/daemon/file_watcher.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "app/daemon/inotify_watches.h"
#include "base/assert.h"

namespace weir {

using Clock = std::chrono::steady_clock;

FileWatcher::FileWatcher(FileWatchOptions options, std::function<void()> on_change, LogSink log)
    : options_(std::move(options)),
      on_change_(std::move(on_change)),
      log_(std::move(log)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  WEIR_ASSERT(stop_fd_ >= 0, "a descriptor at the start of the process");
  thread_ = std::thread([this] { run(); });
}

FileWatcher::~FileWatcher() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(stop_fd_);
}

FileWatcher::Woken FileWatcher::wait(int watches_fd, std::chrono::milliseconds timeout) const {
  // A negative descriptor is one that poll() passes over.
  std::array<pollfd, 2> pollers{pollfd{stop_fd_, POLLIN, 0}, pollfd{watches_fd, POLLIN, 0}};
  const Clock::time_point deadline = Clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int ready =
        poll(pollers.data(), pollers.size(), static_cast<int>(std::max(left.count(), decltype(left)::rep{0})));
    if (ready < 0 && errno == EINTR) continue;
    if (pollers[0].revents != 0) return Woken::kStop;
    return ready > 0 ? Woken::kEvents : Woken::kTime;
  }
}

/// False on a stop.
bool FileWatcher::wait_until_still(InotifyWatches& watches) const {
  const Clock::time_point latest = Clock::now() + options_.still_max;
  Clock::time_point still = Clock::now() + options_.still;
  while (true) {
    const auto now = Clock::now();
    if (now >= std::min(still, latest)) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min(still, latest) - now);
    switch (wait(watches.fd(), left)) {
      case Woken::kStop:
        return false;
      case Woken::kTime:
        return true;
      case Woken::kEvents:
        if (watches.take_events()) still = Clock::now() + options_.still;
    }
  }
}

void FileWatcher::run() {
  pthread_setname_np(pthread_self(), "weir-watch");
  bool told_of_no_watches = false;
  while (true) {
    // First the watches, then the look at the files: what changes in between is an event.
    std::optional<InotifyWatches> watches = InotifyWatches::create(options_.paths);
    if (!watches && !std::exchange(told_of_no_watches, true)) {
      log_(LogLevel::kWarning,
           "the system has no inotify watches to give (fs.inotify.max_user_watches): changed rules are noticed only "
           "every " +
               std::to_string(options_.check_interval.count() / 1'000) + " s");
    }
    if (const ContentDigest now = digest_of_files(options_.paths); now != options_.known) {
      options_.known = now;
      on_change_();
    }
    const Clock::time_point next_check = Clock::now() + options_.check_interval;
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_check - Clock::now());
      const Woken woken = wait(watches ? watches->fd() : -1, left);
      if (woken == Woken::kStop) return;
      if (woken == Woken::kTime) break;
      if (!watches->take_events()) continue;
      if (!wait_until_still(*watches)) return;
      break;
    }
  }
}

}  // namespace weir
