#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/diagnostic.h"
#include "base/result.h"
#include "metrics/registry.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// What a reload came to.
struct ReloadReport {
  Status result;            ///< an error: the set was refused and the one before stays in force
  Diagnostics diagnostics;  ///< about the files: errors that made it refused, and warnings
  std::string fingerprint;  ///< of the rules in force afterwards
  size_t rules = 0;         ///< of those
  std::chrono::system_clock::time_point time{};
};

/// Compiles the rules anew when asked to, in a thread of its own, and takes them into force. A set with an error is refused
/// whole. What is asked for during a reload is done by one more reload after it, however often it was asked.
///
/// Owner: the composition root. The only writer of the slot and of the counters.
class RuleReloader {
 public:
  /// Reads and compiles, rules and policy; may take seconds.
  using Load = std::function<Result<Judgement>(Diagnostics&)>;

  /// `reported` is called in the reloader's thread after each reload.
  RuleReloader(RuleSlot& rules, RuntimeCounters& counters, Load load,
               std::function<void(const ReloadReport&)> reported);
  /// Waits for a reload under way.
  ~RuleReloader();
  RuleReloader(const RuleReloader&) = delete;
  RuleReloader& operator=(const RuleReloader&) = delete;

  /// Asks for a reload. Any thread; does not block.
  void request();

  /// Asks for a reload and waits for it: for one that began after this call, so that it has seen what the caller changed
  /// before. Any thread; takes as long as up to two reloads.
  ReloadReport reload();

  /// The newest reload's report; before the first, the rules at the start.
  [[nodiscard]] ReloadReport last() const;

 private:
  void run();
  ReloadReport reload_once();

  RuleSlot& rules_;
  RuntimeCounters& counters_;
  const Load load_;
  const std::function<void(const ReloadReport&)> reported_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t requested_ = 0;  // guarded by mutex_, as what follows
  uint64_t done_ = 0;
  bool stopping_ = false;
  ReloadReport last_;
  std::thread thread_;
};

}  // namespace weir
