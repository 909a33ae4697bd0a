#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/daemon/enrichment_watch.h"
#include "app/daemon/file_watcher.h"
#include "app/daemon/rule_reloader.h"
#include "app/daemon/source_watch.h"
#include "app/daemon/verdict_watch.h"
#include "app/setup/command_setup.h"
#include "base/result.h"
#include "config/config.h"
#include "detect/rule_set.h"
#include "http/server.h"
#include "kafka/engine.h"
#include "metrics/registry.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// What the owner of a starting daemon wants to hear and say.
struct StartHooks {
  const std::atomic<bool>* stop_requested = nullptr;       ///< ends the waiting early
  std::function<void(const std::string& reason)> waiting;  ///< several times a second, while no broker answers
};

/// The running parts of `weir run` and `weir demo`: the lanes, the metrics and the HTTP endpoint.
///
/// Owner: the main thread. Parts are torn down in the reverse order of their dependence.
class Daemon {
 public:
  /// Starts everything: the HTTP port first, which answers while the brokers are waited for. Blocks until Kafka answers, for as
  /// long as kafka.start_timeout_ms says.
  static Result<std::unique_ptr<Daemon>> start(const CommandSetup& setup, LogSink log, const StartHooks& hooks);
  ~Daemon();

  /// Compiles the rules anew off the data path and takes them into force; with an error the old ones stay. Takes seconds.
  /// Any thread.
  ReloadReport reload_rules() { return reloader_->reload(); }

  /// Logs the routes whose response headers show a fault that they had not shown; each fault of a route once for as long as the
  /// policy is in force. Main thread.
  void log_new_response_faults();
  /// What the records of each source lack although detection needs it. Main thread.
  void log_new_blind_spots();

  /// Finishes the batches, commits, leaves the groups and stops the endpoint; some 10 s at most. An error when a lane had
  /// failed. The client library's own teardown is left to the destructor, since nothing bounds it.
  Status stop();

  /// No lane hangs: each has shown a sign of life lately. For the watchdog and /-/healthy.
  [[nodiscard]] bool progressing() const;

  [[nodiscard]] const Engine& engine() const { return *engine_; }
  [[nodiscard]] uint16_t http_port() const { return http_->port(); }

 private:
  Daemon(const CommandSetup& setup, LogSink log);

  void start_reloading(const CommandSetup& setup);
  Status start_enrichment();
  Status start_engine(const CommandSetup& setup, const StartHooks& hooks);
  [[nodiscard]] std::vector<RuleVerdicts> verdicts() const;
  void note_waiting(const std::string& reason, Milliseconds waited);
  [[nodiscard]] Health health() const;
  [[nodiscard]] Health readiness() const;
  [[nodiscard]] Result<Judgement> load_judgement(Diagnostics& diagnostics) const;
  [[nodiscard]] Result<std::shared_ptr<const RuleSet>> load_still_rules(const RuleSetOptions& options,
                                                                        Diagnostics& diagnostics) const;
  Status start_http();
  [[nodiscard]] Result<HttpOptions> http_options() const;
  void log_policy_use(const Policy& policy) const;
  void log_request(const RequestLogEntry& entry) const;
  void log_reload(const ReloadReport& report) const;

  Config config_;
  std::shared_ptr<const Policy> policy_watched_;  // main thread, as the next two
  uint64_t fault_changes_seen_ = 0;
  std::vector<ResponseFaults> faults_logged_;  // by route
  std::string config_file_;  // read again for its policy and rule options at a reload; empty: defaults
  std::vector<std::string> rule_directories_;
  LogSink log_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  RuleSlot rules_;
  SourceWatch source_watch_;  // main thread
  RuntimeCounters runtime_;
  std::unique_ptr<RuleReloader> reloader_;
  std::unique_ptr<FileWatcher> watcher_;        // asks the reloader
  std::shared_ptr<EnrichmentSlot> enrichment_;  // null: none
  std::unique_ptr<EnrichmentWatch> enrichment_watch_;
  std::unique_ptr<VerdictWatch> verdict_watch_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<MetricsRegistry> starting_metrics_;  // without lanes: before there is an engine
  std::unique_ptr<MetricsRegistry> metrics_;
  std::atomic<const Engine*> running_engine_{nullptr};  // what HTTP threads see of it; never taken back
  std::atomic<const VerdictWatch*> running_verdicts_{nullptr};
  std::atomic<const MetricsRegistry*> shown_metrics_{nullptr};
  mutable std::mutex waiting_mutex_;
  std::string waiting_for_ = "is starting";  // guarded by it
  Milliseconds waiting_logged_{0};           // main thread
  std::unique_ptr<HttpServer> http_;
};

}  // namespace weir
