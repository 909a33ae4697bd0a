#include "app/daemon/service.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <future>
#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kInterruptedExit = 128 + SIGINT;  // what shells report for a process that an interrupt ended
constexpr std::chrono::milliseconds kTick = 200ms;
constexpr std::chrono::seconds kStatusInterval = 10s;
constexpr size_t kStatusBytesMax = 512;
/// Asked for again several times a second while it is needed.
constexpr std::chrono::microseconds kStartExtension = 60s;
/// Fed three times in the allowed time: one late tick does no harm.
constexpr int kFeedsPerTimeout = 3;

/// A status must stay one line of the message to systemd, in which each line is a field.
std::string status_field(std::string_view status) {
  std::string line(status.substr(0, kStatusBytesMax));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return "STATUS=" + line;
}

void notify(const std::string& state) {
  // A lost message to systemd is nothing the service could act upon; the watchdog would show it.
  static_cast<void>(sd_notify(/*unset_environment=*/0, state.c_str()));
}

uint64_t monotonic_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
}

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void ServiceNotifier::ready(std::string_view status) const {
  notify("READY=1\n" + status_field(status));
}
void ServiceNotifier::waiting(std::string_view reason) const {
  const std::string why = reason.empty() ? "" : ": " + std::string(reason);
  notify("EXTEND_TIMEOUT_USEC=" + std::to_string(kStartExtension.count()) + "\n" +
         status_field("Waiting for a broker" + why));
}
void ServiceNotifier::reloading() const {
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()) + "\nSTATUS=Reloading the rules");
}
void ServiceNotifier::stopping(std::string_view status) const {
  notify("STOPPING=1\n" + status_field(status));
}
void ServiceNotifier::status(std::string_view status) const {
  notify(status_field(status));
}
void ServiceNotifier::feed_watchdog() const {
  notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> ServiceNotifier::watchdog_timeout() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

SignalWatcher::SignalWatcher() {
  const sigset_t signals = watched_signals();
  WEIR_ASSERT(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0, "a valid set of signals");
  std::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  end_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  WEIR_ASSERT(signal_fd_ >= 0 && end_fd_ >= 0, "two descriptors at the start of the process");
  thread_ = std::thread([this] { run(); });
}

SignalWatcher::~SignalWatcher() {
  eventfd_write(end_fd_, 1);
  thread_.join();
  close(signal_fd_);
  close(end_fd_);
}

void SignalWatcher::run() {
  pthread_setname_np(pthread_self(), "weir-signals");
  bool interrupted = false;
  std::array<pollfd, 2> pollers{pollfd{signal_fd_, POLLIN, 0}, pollfd{end_fd_, POLLIN, 0}};
  while (true) {
    if (poll(pollers.data(), pollers.size(), -1) < 0 && errno != EINTR) return;
    if (pollers[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (read(signal_fd_, &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) continue;
    if (signal.ssi_signo == SIGINT && std::exchange(interrupted, true)) _exit(kInterruptedExit);
    {
      const std::lock_guard lock(mutex_);
      if (signal.ssi_signo == SIGHUP) {
        reload_requested_ = true;
      } else {
        stop_requested_ = true;
      }
    }
    changed_.notify_all();
  }
}

SignalWatcher::Event SignalWatcher::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return stop_requested_ || reload_requested_; });
  if (stop_requested_) return Event::kStop;
  return std::exchange(reload_requested_, false) ? Event::kReload : Event::kNone;
}

namespace {

/// The state of run_service() between two ticks.
class ServiceLoop {
 public:
  ServiceLoop(const ServiceNotifier& notifier, const ServiceHooks& hooks)
      : notifier_(notifier), hooks_(hooks), watchdog_timeout_(ServiceNotifier::watchdog_timeout()) {
    if (watchdog_timeout_) {
      const auto feed = std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog_timeout_ / kFeedsPerTimeout);
      tick_ = std::clamp(feed, std::chrono::milliseconds(1), std::chrono::milliseconds(kTick));
    }
  }

  [[nodiscard]] std::chrono::milliseconds tick() const { return tick_; }

  /// Says READY once. Until then a reload waits, too: systemd would take its end for the end of the start.
  void check_ready() {
    if (said_ready_ || (hooks_.ready && !hooks_.ready())) return;
    said_ready_ = true;
    notifier_.ready(hooks_.status());
    if (std::exchange(reload_again_, false)) start_reload();
  }

  void start_reload() {
    if (!said_ready_ || reload_.valid()) {
      reload_again_ = true;  // what changed after the reload under way began must not be missed
      return;
    }
    notifier_.reloading();
    reload_ = std::async(std::launch::async, hooks_.reload);
  }

  void finish_reload(std::chrono::milliseconds patience) {
    if (!reload_.valid() || reload_.wait_for(patience) != std::future_status::ready) return;
    hooks_.reloaded(reload_.get());
    notifier_.ready(hooks_.status());
    if (std::exchange(reload_again_, false)) start_reload();
  }

  void feed_and_report() {
    const Clock::time_point now = Clock::now();
    if (watchdog_timeout_ && now - last_feed_ >= *watchdog_timeout_ / (kFeedsPerTimeout + 1) && hooks_.progressing()) {
      notifier_.feed_watchdog();
      last_feed_ = now;
    }
    if (!reload_.valid() && now - last_status_ >= kStatusInterval) {
      notifier_.status(hooks_.status());
      last_status_ = now;
    }
  }

  /// Waits for a reload under way, still feeding the watchdog: compiling rules may take longer than it allows.
  void drain() {
    reload_again_ = false;
    while (reload_.valid()) {
      finish_reload(tick_);
      feed_and_report();
    }
  }

 private:
  const ServiceNotifier& notifier_;
  const ServiceHooks& hooks_;
  std::optional<std::chrono::microseconds> watchdog_timeout_;
  std::chrono::milliseconds tick_ = kTick;
  Clock::time_point last_feed_{};
  Clock::time_point last_status_ = Clock::now();
  std::future<Status> reload_;
  bool reload_again_ = false;
  bool said_ready_ = false;
};

}  // namespace

ServiceEnd run_service(SignalWatcher& signals, const ServiceNotifier& notifier, const ServiceHooks& hooks) {
  ServiceLoop loop(notifier, hooks);
  loop.check_ready();
  ServiceEnd end = ServiceEnd::kStopRequested;
  while (true) {
    const SignalWatcher::Event event = signals.wait(loop.tick());
    if (event == SignalWatcher::Event::kStop) break;
    if (event == SignalWatcher::Event::kReload) loop.start_reload();
    loop.check_ready();
    loop.finish_reload(0ms);
    loop.feed_and_report();
    if (hooks.failed()) {
      end = ServiceEnd::kFailed;
      break;
    }
  }
  loop.drain();
  notifier.stopping(end == ServiceEnd::kFailed ? "Stopping after a failure" : "Finishing and committing");
  return end;
}

}  // namespace weir
