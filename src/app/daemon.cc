#include "app/daemon.h"

#include <cstdio>

#include "app/command_setup.h"
#include "app/rule_source.h"
#include "kafka/library_version.h"

namespace weir {
namespace {

/// A lane silent for this long hangs in a call that should not block: longer than any wait that is meant to be, shorter
/// than the unit's WatchdogSec.
constexpr Milliseconds kLaneSilenceMax{20'000};

}  // namespace

Daemon::Daemon(const Config& config, std::vector<std::string> rule_directories, std::shared_ptr<const RuleSet> rules,
               LogSink log)
    : config_(config), rule_directories_(std::move(rule_directories)), log_(std::move(log)), rules_(std::move(rules)) {}

Daemon::~Daemon() {
  static_cast<void>(stop());
  http_.reset();
  metrics_.reset();  // it refers to the engine's counters
}

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, std::vector<std::string> rule_directories,
                                              std::shared_ptr<const RuleSet> rules, LogSink log,
                                              const std::atomic<bool>* stop_requested) {
  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(rule_directories), std::move(rules), std::move(log)));
  daemon->runtime_.rules_loaded.set(daemon->rules_.load()->rules().size());
  auto engine = Engine::start(EngineOptions::from(config, WEIR_VERSION), daemon->rules_, daemon->log_, stop_requested);
  if (!engine) return tl::unexpected(engine.error());
  daemon->engine_ = std::move(*engine);
  if (auto started = daemon->start_http(); !started) return tl::unexpected(started.error());
  return daemon;
}

Status Daemon::start_http() {
  metrics_ =
      std::make_unique<MetricsRegistry>(BuildInfo{WEIR_VERSION, client_library_version(), matching_library_version()});
  for (const LaneCounters& lane : engine_->counters())
    metrics_->add(lane);
  metrics_->set_runtime(runtime_);

  HttpHandlers handlers;
  handlers.metrics = [this] { return metrics_->render(); };
  handlers.metrics_content_type = MetricsRegistry::kContentType;
  handlers.healthy = [this] {
    const bool alive = engine_->failure().has_value() && progressing();
    return Health{alive, alive ? "every lane is alive" : "a lane has failed or hangs"};
  };
  handlers.ready = [this] {
    const bool is_ready = engine_->ready();
    return Health{is_ready, is_ready ? "every lane has joined its group" : engine_->unhealthy_reason()};
  };
  HttpOptions options;
  options.address = config_.http.address;
  options.port = config_.http.port;
  http_ = std::make_unique<HttpServer>(options, std::move(handlers),
                                       [this](const RequestLogEntry& entry) { log_request(entry); });
  return http_->start();
}

bool Daemon::progressing() const {
  return engine_->oldest_heartbeat() < kLaneSilenceMax;
}

void Daemon::log_request(const RequestLogEntry& entry) const {
  std::string line = "http " + std::string(entry.method) + " " + std::string(entry.path) + " " +
                     std::to_string(entry.status) + " to " + std::string(entry.remote_address);
  if (entry.suppressed > 0) line += ", " + std::to_string(entry.suppressed) + " requests not logged before it";
  if (!entry.failure.empty()) line += ": " + std::string(entry.failure);
  log_(entry.failure.empty() ? LogLevel::kDebug : LogLevel::kError, line);
}

Status Daemon::reload_rules() {
  auto rules = load_rule_set(rule_directories_, config_.rules.options);
  if (!rules) {
    runtime_.rule_reloads_failed.add();
    return tl::unexpected(rules.error());
  }
  runtime_.rules_loaded.set((*rules)->rules().size());
  rules_.store(std::move(*rules));
  runtime_.rule_reloads_succeeded.add();
  return {};
}

Status Daemon::stop() {
  if (http_) http_->stop();
  if (!engine_) return {};
  engine_->request_stop();
  return engine_->join();
}

}  // namespace weir
