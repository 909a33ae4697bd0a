#include "app/daemon/rule_reloader.h"

#include <pthread.h>

#include <exception>
#include <utility>

namespace weir {

RuleReloader::RuleReloader(RuleSlot& rules, RuntimeCounters& counters, Load load,
                           std::function<void(const ReloadReport&)> reported)
    : rules_(rules), counters_(counters), load_(std::move(load)), reported_(std::move(reported)) {
  const auto in_force = rules_.load();
  last_ = {{}, {}, in_force->fingerprint(), in_force->rules().size(), std::chrono::system_clock::now()};
  counters_.rules_loaded.set(last_.rules);
  counters_.last_reload_succeeded.set(1);
  thread_ = std::thread([this] { run(); });
}

RuleReloader::~RuleReloader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RuleReloader::request() {
  {
    const std::lock_guard lock(mutex_);
    ++requested_;
  }
  changed_.notify_all();
}

ReloadReport RuleReloader::reload() {
  std::unique_lock lock(mutex_);
  const uint64_t ticket = ++requested_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return done_ >= ticket || stopping_; });
  if (done_ >= ticket) return last_;
  ReloadReport report = last_;
  report.result = fail(ErrorCode::kUnsupported, "rules", "the program is stopping");
  return report;
}

ReloadReport RuleReloader::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void RuleReloader::run() {
  pthread_setname_np(pthread_self(), "weir-reload");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return requested_ > done_ || stopping_; });
    if (stopping_) return;
    const uint64_t ticket = requested_;
    lock.unlock();
    ReloadReport report = reload_once();
    reported_(report);
    lock.lock();
    last_ = std::move(report);
    done_ = ticket;
    changed_.notify_all();
  }
}

ReloadReport RuleReloader::reload_once() {
  ReloadReport report;
  Result<Judgement> loaded = fail(ErrorCode::kInternal, "rules", "");
  try {
    loaded = load_(report.diagnostics);
  } catch (const std::exception& error) {  // out of memory, or a library that throws: the old rules are still good
    loaded = fail(ErrorCode::kInternal, "rules", error.what());
  }
  if (loaded) {
    rules_.store(std::move(*loaded));
    counters_.rule_reloads_succeeded.add();
  } else {
    report.result = tl::unexpected(loaded.error());
    counters_.rule_reloads_failed.add();
  }
  const auto in_force = rules_.load();
  report.fingerprint = in_force->fingerprint();
  report.rules = in_force->rules().size();
  report.time = std::chrono::system_clock::now();
  counters_.rules_loaded.set(report.rules);
  counters_.last_reload_succeeded.set(report.result ? 1 : 0);
  return report;
}

}  // namespace weir
