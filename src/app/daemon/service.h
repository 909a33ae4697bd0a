#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace weir {

/// Tells systemd how the service fares (sd_notify(3)). Without $NOTIFY_SOCKET every call does nothing, so `weir run` in a
/// terminal needs no other code. Only the main thread uses it: the unit has NotifyAccess=main.
class ServiceNotifier {
 public:
  /// Start-up is over. `status` is the line that `systemctl status` shows.
  void ready(std::string_view status) const;
  /// Start-up goes on, for want of a broker that answers: systemd extends its time.
  void waiting(std::string_view reason) const;
  /// A reload begins; ready() ends it.
  void reloading() const;
  void stopping(std::string_view status) const;
  void status(std::string_view status) const;
  void feed_watchdog() const;

  /// The time after which systemd kills a process that does not feed the watchdog; nothing without a watchdog.
  [[nodiscard]] static std::optional<std::chrono::microseconds> watchdog_timeout();
};

/// Turns signals into events. SIGTERM and SIGINT ask for a stop, SIGHUP for a reload; a second SIGINT ends the process at
/// once with code 130, for a person whose patience is over. SIGPIPE is ignored: a lost connection is an error value.
///
/// Owner: the main thread, which makes it before any other thread, since threads inherit the blocked signals from it. A
/// thread of its own reads the signals. One per process; the signals stay blocked afterwards.
class SignalWatcher {
 public:
  enum class Event { kNone, kStop, kReload };

  SignalWatcher();
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  /// Waits up to `timeout`. A stop is reported again by every later call; several reloads asked for meanwhile are one.
  Event wait(std::chrono::milliseconds timeout);

  /// For long calls that should end early on a stop. Any thread.
  [[nodiscard]] const std::atomic<bool>& stop_requested() const { return stop_requested_; }

 private:
  void run();

  int signal_fd_ = -1;
  int end_fd_ = -1;
  std::atomic<bool> stop_requested_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reload_requested_ = false;  // guarded by mutex_
  std::thread thread_;
};

/// What run_service() asks of the program.
struct ServiceHooks {
  /// True: the service does its work, and `systemctl start` may return. Null: at once. Main thread.
  std::function<bool()> ready{};
  /// False: the watchdog is not fed, and systemd restarts the service. Main thread.
  std::function<bool()> progressing{};
  /// True: run_service() returns. Main thread.
  std::function<bool()> failed{};
  /// Runs in a thread of its own, one at a time; may take long.
  std::function<Status()> reload{};
  /// A line for `systemctl status`. Main thread.
  std::function<std::string()> status{};
  /// What a reload came to. Main thread.
  std::function<void(const Status&)> reloaded{};
};

enum class ServiceEnd { kStopRequested, kFailed };

/// The main thread's loop: says READY as soon as the program is, feeds the watchdog, reloads on SIGHUP and refreshes the
/// status until a stop is asked for or the program has failed; then says STOPPING. A reload under way is waited for.
ServiceEnd run_service(SignalWatcher& signals, const ServiceNotifier& notifier, const ServiceHooks& hooks);

}  // namespace weir
