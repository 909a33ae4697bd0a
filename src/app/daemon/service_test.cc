#include "app/daemon/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Stands in for systemd: a datagram socket whose name is in $NOTIFY_SOCKET.
class FakeManager {
 public:
  FakeManager() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "weir-service-test-" + std::to_string(getpid());
    std::memcpy(address.sun_path + 1, name.data(), name.size());  // abstract: nothing to remove afterwards
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), bytes) == 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    // A thread, because the kernel queues ten datagrams and then blocks the sender; deaf to the signals of the tests.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reader_ = std::thread([this] { read_messages(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~FakeManager() {
    sd_notify(0, kLast);
    reader_.join();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd_);
  }

  static void enable_watchdog(std::chrono::microseconds timeout) {
    setenv("WATCHDOG_USEC", std::to_string(timeout.count()).c_str(), 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  }

  /// All messages sent so far.
  std::vector<std::string> messages() {
    const std::string barrier = "BARRIER-OF-THE-TEST=" + std::to_string(++barriers_);
    sd_notify(0, barrier.c_str());
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        // Not always the last one: the service may have sent more by now.
        if (const auto found = std::find(messages_.begin(), messages_.end(), barrier); found != messages_.end()) {
          const std::vector<std::string> before(messages_.begin(), found);
          messages_.erase(found);
          return before;
        }
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  /// All messages sent so far but for the statuses, which come as time passes.
  std::vector<std::string> steps() {
    std::vector<std::string> all = messages();
    std::erase_if(all, [](const std::string& message) { return message.starts_with("STATUS="); });
    return all;
  }

  size_t count(std::string_view beginning) {
    size_t found = 0;
    for (const std::string& message : messages())
      found += message.starts_with(beginning) ? 1 : 0;
    return found;
  }

 private:
  static constexpr const char* kLast = "LAST-OF-THE-TEST=1";

  void read_messages() {
    while (true) {
      char buffer[2048];
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got < 0) return;
      const std::string message(buffer, static_cast<size_t>(got));
      if (message == kLast) return;
      const std::lock_guard lock(mutex_);
      messages_.push_back(message);
    }
  }

  int fd_;
  std::thread reader_;
  int barriers_ = 0;
  std::mutex mutex_;
  std::vector<std::string> messages_;  // guarded by mutex_
};

/// Hooks of a program that is well, and what was asked of it.
struct Program {
  std::atomic<bool> progressing{true};
  std::atomic<bool> failed{false};
  std::atomic<int> reloads{0};
  std::atomic<int> reloaded{0};
  std::atomic<int> rounds{0};  // of the service's loop
  std::function<void()> reload_work = [] {};
  std::function<void()> before_feeding = [] {};

  ServiceHooks hooks() {
    ServiceHooks hooks;
    hooks.progressing = [this] {
      before_feeding();
      return progressing.load();
    };
    hooks.failed = [this] {
      ++rounds;
      return failed.load();
    };
    hooks.reload = [this]() -> Status {
      ++reloads;
      reload_work();
      return {};
    };
    hooks.status = [] { return std::string("scoring"); };
    hooks.reloaded = [this](const Status&) { ++reloaded; };
    return hooks;
  }
};

/// Runs the service in this thread while `script` runs in another; the script ends it.
template <typename Script>
ServiceEnd run_with(Program& program, Script script) {
  SignalWatcher signals;
  const ServiceNotifier notifier;
  std::thread other(script);
  const ServiceEnd end = run_service(signals, notifier, program.hooks());
  other.join();
  return end;
}

bool eventually(const std::function<bool()>& condition) {
  for (const auto deadline = Clock::now() + 60s; Clock::now() < deadline; std::this_thread::sleep_for(2ms)) {
    if (condition()) return true;
  }
  return condition();
}

void signal_self(int signal) {
  kill(getpid(), signal);
}

/// The process has read this signal, which is blocked.
bool is_taken(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal) == 0;
}

}  // namespace

TEST_CASE("the service says READY first and STOPPING last") {
  FakeManager manager;
  Program program;
  const ServiceEnd end = run_with(program, [] {
    std::this_thread::sleep_for(50ms);
    signal_self(SIGTERM);
  });
  CHECK(end == ServiceEnd::kStopRequested);
  const auto messages = manager.messages();
  REQUIRE(messages.size() >= 2);
  CHECK(messages.front() == "READY=1\nSTATUS=scoring");
  CHECK(messages.back().starts_with("STOPPING=1\n"));
}

TEST_CASE("READY waits for the program to be ready; a reload asked for before comes after it") {
  FakeManager manager;
  Program program;
  std::atomic<bool> ready{false};
  ServiceHooks hooks = program.hooks();
  hooks.ready = [&ready] { return ready.load(); };
  SignalWatcher signals;
  size_t early = 0;
  std::thread script([&] {
    signal_self(SIGHUP);
    std::this_thread::sleep_for(300ms);
    early = manager.count("READY=1") + manager.count("RELOADING=1");
    ready = true;
    eventually([&] { return program.reloaded == 1; });
    signal_self(SIGTERM);
  });
  run_service(signals, ServiceNotifier(), hooks);
  script.join();
  CHECK(early == 0);
  CHECK(program.reloads == 1);
  const auto steps = manager.steps();
  REQUIRE_FALSE(steps.empty());
  CHECK(steps.front().starts_with("READY=1"));
}

TEST_CASE("a stop before the program is ready ends the service without READY") {
  FakeManager manager;
  Program program;
  ServiceHooks hooks = program.hooks();
  hooks.ready = [] { return false; };
  SignalWatcher signals;
  signal_self(SIGTERM);
  CHECK(run_service(signals, ServiceNotifier(), hooks) == ServiceEnd::kStopRequested);
  CHECK(manager.count("READY=1") == 0);
}

TEST_CASE("a failed program ends the service without a signal") {
  FakeManager manager;
  Program program;
  program.failed = true;
  CHECK(run_with(program, [] {}) == ServiceEnd::kFailed);
  CHECK(manager.count("STOPPING=1\n") == 1);
}

TEST_CASE("SIGHUP reloads: RELOADING with its time, then READY again") {
  FakeManager manager;
  Program program;
  run_with(program, [&program] {
    signal_self(SIGHUP);
    eventually([&] { return program.reloaded == 1; });
    signal_self(SIGTERM);
  });
  CHECK(program.reloads == 1);
  const auto steps = manager.steps();
  REQUIRE(steps.size() >= 4);
  CHECK(steps[1].starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(std::strtoull(steps[1].c_str() + std::strlen("RELOADING=1\nMONOTONIC_USEC="), nullptr, 10) > 0);
  CHECK(steps[2].starts_with("READY=1\n"));
}

TEST_CASE("a SIGHUP during a reload leads to one more reload, however many there were") {
  Program program;
  std::atomic<bool> may_end{false};
  program.reload_work = [&may_end] { eventually([&] { return may_end.load(); }); };
  run_with(program, [&] {
    signal_self(SIGHUP);
    eventually([&] { return program.reloads == 1; });
    for (int i = 0; i < 5; ++i) {
      signal_self(SIGHUP);
      eventually([] { return is_taken(SIGHUP); });
    }
    // The reload lasts until the last of them has come from the thread that reads the signals to the loop.
    const int rounds = program.rounds;
    eventually([&] { return program.rounds >= rounds + 5; });
    may_end = true;
    eventually([&] { return program.reloaded == 2; });
    std::this_thread::sleep_for(50ms);
    signal_self(SIGTERM);
  });
  CHECK(program.reloads == 2);
}

TEST_CASE("a stop during a reload waits for it") {
  Program program;
  program.reload_work = [] { std::this_thread::sleep_for(300ms); };
  run_with(program, [&program] {
    signal_self(SIGHUP);
    eventually([&] { return program.reloads == 1; });
    signal_self(SIGTERM);
  });
  CHECK(program.reloaded == 1);
}

TEST_CASE("the watchdog is fed within its time, also during a reload that takes longer") {
  constexpr auto kTimeout = 150ms;
  FakeManager manager;
  FakeManager::enable_watchdog(kTimeout);
  Program program;
  // The reload lasts until some feedings in a row came in time. On a busy machine that is not the first ones; of a service that
  // starves the watchdog none ever do.
  std::atomic<bool> reloading{false};
  std::atomic<int> in_a_row{0};
  Clock::time_point last{};
  program.before_feeding = [&] {
    const auto now = Clock::now();
    in_a_row = reloading && now - last < kTimeout ? in_a_row + 1 : 0;
    last = now;
  };
  std::atomic<bool> fed_in_time{false};
  program.reload_work = [&] {
    reloading = true;
    fed_in_time = eventually([&] { return in_a_row >= 8; });
  };
  run_with(program, [&program] {
    signal_self(SIGHUP);
    eventually([&] { return program.reloaded == 1; });
    signal_self(SIGTERM);
  });
  CHECK(fed_in_time);
  CHECK(manager.count("WATCHDOG=1") >= 6);
}

TEST_CASE("the watchdog is not fed while the lanes stand still") {
  FakeManager manager;
  FakeManager::enable_watchdog(30ms);
  Program program;
  program.progressing = false;
  run_with(program, [] {
    std::this_thread::sleep_for(300ms);
    signal_self(SIGTERM);
  });
  CHECK(manager.count("WATCHDOG=1") == 0);
}

TEST_CASE("the watchdog of another process is none of ours") {
  FakeManager manager;
  FakeManager::enable_watchdog(30ms);
  setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(ServiceNotifier::watchdog_timeout());
}

TEST_CASE("without systemd nothing is sent and the service runs all the same") {
  Program program;
  CHECK_FALSE(ServiceNotifier::watchdog_timeout());
  CHECK(run_with(program, [] { signal_self(SIGINT); }) == ServiceEnd::kStopRequested);
}

TEST_CASE("a line break in a status cannot forge a field of the message") {
  FakeManager manager;
  ServiceNotifier().status("broker said: x\nMAINPID=1");
  const auto messages = manager.messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0] == "STATUS=broker said: x MAINPID=1");
}

TEST_CASE("a stop is visible to long calls, and every later wait reports it again") {
  SignalWatcher signals;
  CHECK_FALSE(signals.stop_requested());
  CHECK(signals.wait(1ms) == SignalWatcher::Event::kNone);
  signal_self(SIGTERM);
  CHECK(signals.wait(60s) == SignalWatcher::Event::kStop);
  CHECK(signals.wait(0ms) == SignalWatcher::Event::kStop);
  CHECK(signals.stop_requested());
}

TEST_CASE("a second SIGINT ends the process at once, with 130") {
  const pid_t child = fork();
  if (child == 0) {
    SignalWatcher signals;
    signal_self(SIGINT);
    signals.wait(60s);
    signal_self(SIGINT);
    std::this_thread::sleep_for(60s);
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
}

TEST_CASE("SIGTERM twice is no reason to hurry") {
  const pid_t child = fork();
  if (child == 0) {
    SignalWatcher signals;
    signal_self(SIGTERM);
    signals.wait(60s);
    signal_self(SIGTERM);
    std::this_thread::sleep_for(100ms);
    _exit(7);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 7);
}

}  // namespace weir
