#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/verdicts/verdict.h"
#include "base/time.h"
#include "config/config.h"
#include "kafka/client_options.h"
#include "lane/log_sink.h"
#include "metrics/process_facts.h"

namespace weir {

/// Keeps what people said of alerts (the topic of verdicts) for the metrics. What goes wrong is logged once and tried again every minute; a
/// topic that is not there, or may not be seen, is none. A thread of its own.
class VerdictWatch {
 public:
  static constexpr Milliseconds kLookAgain{60'000};

  /// `log` hears of what goes wrong; what the client library has to say is not worth it, since the lanes' clients say the same.
  VerdictWatch(const KafkaConfig& kafka, LogSink log);
  /// Waits for the thread, which waits for the brokers for some seconds at most.
  ~VerdictWatch();
  VerdictWatch(const VerdictWatch&) = delete;
  VerdictWatch& operator=(const VerdictWatch&) = delete;

  /// By cause. From any thread.
  [[nodiscard]] std::vector<RuleVerdicts> totals() const;

 private:
  class UntilStopped;

  void loop();
  Status follow();
  void publish();
  bool is_stopped() const;
  void pause();

  ClientOptions options_;
  const std::string topic_;
  const LogSink log_;
  VerdictBook book_;  // the thread's
  std::string said_;  // the thread's: what was logged last
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RuleVerdicts> totals_;  // guarded by mutex_, like the flag
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir
