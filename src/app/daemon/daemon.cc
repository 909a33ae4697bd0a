#include "app/daemon/daemon.h"

#include <cstdlib>

#include "app/daemon/admin_api.h"
#include "app/setup/form_report.h"
#include "app/setup/policy_report.h"
#include "app/setup/rule_source.h"
#include "app/setup/source_readings.h"
#include "config/source_topics.h"
#include "kafka/check/credential_check.h"
#include "kafka/library_version.h"
#include "pipeline/blind_spots.h"
#include "pipeline/policy_stage.h"

namespace weir {
namespace {

/// A lane silent for this long hangs in a call that should not block: longer than any wait that is meant to be, shorter
/// than the unit's WatchdogSec.
constexpr Milliseconds kLaneSilenceMax{20'000};
/// A reload logs so many findings.
constexpr size_t kDiagnosticsLoggedMax = 20;
constexpr int kLoadAttemptsMax = 5;
/// So many exclusions, and as many routes, at a reload and at the end.
constexpr size_t kPolicyLinesLoggedMax = 50;
/// Brokers that are waited for are told of in the log.
constexpr Milliseconds kFirstWaitLogged{3'000};
constexpr Milliseconds kWaitLogInterval{60'000};
constexpr Milliseconds kTerminalPatience{30'000};

/// 0 is for ever. A service manager shows what a service waits for, and machines may come up in any order.
Milliseconds broker_timeout(const Config& config) {
  if (config.kafka.start_timeout >= Milliseconds{0}) return config.kafka.start_timeout;
  return std::getenv("NOTIFY_SOCKET") != nullptr ? Milliseconds{0} : kTerminalPatience;
}

}  // namespace

Daemon::Daemon(const CommandSetup& setup, LogSink log)
    : config_(setup.config),
      config_file_(setup.config_file),
      rule_directories_(setup.rule_directories),
      log_(std::move(log)),
      rules_(setup.rules, setup.config.policy, source_readings(setup.config)),
      source_watch_(log_, [this](const std::vector<std::string>& records) {
        return describe_form(records, config_.profile_catalog());
      }) {}

Daemon::~Daemon() {
  static_cast<void>(stop());
  watcher_.reset();
  enrichment_watch_.reset();
  http_.reset();
  verdict_watch_.reset();
  metrics_.reset();  // it refers to the engine's counters, which HTTP's threads are done with
}

Result<std::unique_ptr<Daemon>> Daemon::start(const CommandSetup& setup, LogSink log, const StartHooks& hooks) {
  std::unique_ptr<Daemon> daemon(new Daemon(setup, std::move(log)));
  daemon->start_reloading(setup);
  if (auto started = daemon->start_enrichment(); !started) return tl::unexpected(started.error());
  if (auto started = daemon->start_http(); !started) return tl::unexpected(started.error());
  if (auto started = daemon->start_engine(setup, hooks); !started) return tl::unexpected(started.error());
  return daemon;
}

Status Daemon::start_engine(const CommandSetup& setup, const StartHooks& hooks) {
  const TopicTable topics = topic_table(setup.config);
  EngineOptions options =
      EngineOptions::from(setup.config, analyzer_options(setup.config), alert_encoder(setup.config, topics));
  options.topics = options.analyzer.topics = topics;
  options.alert_enricher = enrichment_;
  options.checks_topic_settings = !setup.embedded_broker;
  options.broker_timeout = broker_timeout(setup.config);
  options.waiting = [&](const std::string& reason, Milliseconds waited) {
    note_waiting(reason, waited);
    if (hooks.waiting) hooks.waiting(reason);
  };
  auto engine = Engine::start(options, rules_, log_, hooks.stop_requested);
  if (!engine) return tl::unexpected(engine.error());
  engine_ = std::move(*engine);
  for (const LaneCounters& lane : engine_->counters())
    metrics_->add(lane);
  if (!setup.embedded_broker && config_.has_stage(Stage::kScore)) {
    verdict_watch_ = std::make_unique<VerdictWatch>(config_.kafka, log_);
    running_verdicts_.store(verdict_watch_.get());
  }
  shown_metrics_.store(metrics_.get());
  running_engine_.store(engine_.get());
  return {};
}

std::vector<RuleVerdicts> Daemon::verdicts() const {
  const VerdictWatch* watch = running_verdicts_.load();
  return watch == nullptr ? std::vector<RuleVerdicts>() : watch->totals();
}

void Daemon::note_waiting(const std::string& reason, Milliseconds waited) {
  const std::string text = "is waiting for a broker" + (reason.empty() ? reason : ": " + reason);
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_for_ = text;
  }
  if (waited - waiting_logged_ < (waiting_logged_ == Milliseconds{0} ? kFirstWaitLogged : kWaitLogInterval)) return;
  waiting_logged_ = waited;
  log_(LogLevel::kWarning, text + "; waiting for " +
                               std::to_string(std::chrono::duration_cast<std::chrono::seconds>(waited).count()) +
                               " s by now");
}

void Daemon::start_reloading(const CommandSetup& setup) {
  reloader_ = std::make_unique<RuleReloader>(
      rules_, runtime_, [this](Diagnostics& diagnostics) { return load_judgement(diagnostics); },
      [this](const ReloadReport& report) { log_reload(report); });
  if (config_.rules.watch == FileWatch::kOff) return;
  FileWatchOptions watch;
  watch.paths = setup.watched_paths;
  watch.known = setup.watched_digest;
  watch.check_interval = config_.rules.watch_interval;
  watcher_ = std::make_unique<FileWatcher>(
      std::move(watch), [this] { reloader_->request(); }, log_);
}

Status Daemon::start_enrichment() {
  if (!config_.has_stage(Stage::kScore)) return {};
  if (Status spared = spare_crawlers(config_); !spared) return spared;
  const ContentDigest known = digest_of_files(config_.enrichment.files());  // before they are read
  auto loaded = load_enrichment(config_);
  if (!loaded) return tl::unexpected(loaded.error());
  enrichment_ = std::move(*loaded);
  if (enrichment_)
    enrichment_watch_ = std::make_unique<EnrichmentWatch>(config_.enrichment, known, *enrichment_, runtime_, log_);
  return {};
}

/// The policy is read along with the rules, since their databases are compiled for its levels.
Result<Judgement> Daemon::load_judgement(Diagnostics& diagnostics) const {
  RuleSetOptions options = config_.rules.options;
  std::shared_ptr<const Policy> policy = config_.policy;
  std::shared_ptr<const SourceReadings> readings = rules_.in_force()->readings;
  Diagnostics of_config, of_rules;
  if (!config_file_.empty()) {
    auto config = load_config(config_file_, process_environment(), of_config);
    diagnostics = of_config;
    if (!config) return tl::unexpected(config.error());
    options = config->rules.options;
    policy = std::move(config->policy);
    if (have_same_sources(config_, *config)) {
      readings = source_readings(*config);
    } else {
      of_config.push_back(
          {Diagnostic::Severity::kWarning,
           config_file_,
           0,
           0,
           "the sources have other names or topics: how records are read stays as it was until a restart",
           {}});
      diagnostics = of_config;
    }
  }
  auto rules = load_still_rules(options, of_rules);
  diagnostics.insert(diagnostics.end(), of_rules.begin(), of_rules.end());
  if (!rules) return tl::unexpected(rules.error());
  if (policy) {
    for (const std::string& warning : unknown_rules(*policy, **rules))
      log_(LogLevel::kWarning, warning);
  }
  if (const auto before = rules_.load_policy()) {
    log_policy_use(*before);
    if (policy && policy != before) policy->continue_counts(*before);
  }
  return Judgement(std::move(*rules), std::move(policy), std::move(readings));
}

void Daemon::log_policy_use(const Policy& policy) const {
  for (const std::string& line : policy_use_lines(policy, kPolicyLinesLoggedMax))
    log_(LogLevel::kInfo, "policy: " + line);
}

void Daemon::log_new_response_faults() {
  auto policy = rules_.load_policy();
  if (policy != policy_watched_) {
    policy_watched_ = policy;
    fault_changes_seen_ = 0;
    faults_logged_.assign(policy ? policy->routes().size() : 0, 0);
  }
  if (!policy || policy->use().fault_changes() == fault_changes_seen_) return;
  fault_changes_seen_ = policy->use().fault_changes();
  for (size_t i = 0; i < faults_logged_.size(); ++i) {
    const ResponseFaults faults = policy->use().responses(i).faults;
    const auto fresh = static_cast<ResponseFaults>(faults & ~faults_logged_[i]);
    if (fresh == 0) continue;
    faults_logged_[i] = faults;
    log_(LogLevel::kWarning,
         "response headers on " + name_of_route(policy->routes()[i]) + ": " + describe_faults(fresh));
  }
}

void Daemon::log_new_blind_spots() {
  if (!engine_) return;
  std::vector<const DetectCounters*> lanes;
  for (const LaneCounters& lane : engine_->counters())
    if (lane.detect != nullptr) lanes.push_back(lane.detect);
  const auto readings = rules_.in_force()->readings;
  std::vector<SourceTotals> totals;
  for (size_t source = 0; source < readings->size(); ++source)
    totals.push_back(totals_of(lanes, source));
  source_watch_.look(*readings, totals, engine_->samples(), SourceWatch::Clock::now());
}

/// Files that change while they are read would make a set of parts of two: then they are read again.
Result<std::shared_ptr<const RuleSet>> Daemon::load_still_rules(const RuleSetOptions& options,
                                                                Diagnostics& diagnostics) const {
  ContentDigest before = digest_of_files(rule_directories_);
  for (int attempt = 1;; ++attempt) {
    diagnostics.clear();
    auto rules = load_rule_set(rule_directories_, options, diagnostics);
    const ContentDigest after = digest_of_files(rule_directories_);
    if (before == after) return rules;
    if (attempt == kLoadAttemptsMax)
      return fail(ErrorCode::kIo, "rules", "the files change again and again while they are read");
    before = after;
  }
}

void Daemon::log_reload(const ReloadReport& report) const {
  size_t logged = 0;
  for (const Diagnostic& diagnostic : report.diagnostics) {
    if (++logged > kDiagnosticsLoggedMax) {
      log_(LogLevel::kWarning,
           std::to_string(report.diagnostics.size() - kDiagnosticsLoggedMax) + " further findings about the rules");
      break;
    }
    log_(diagnostic.severity == Diagnostic::Severity::kError ? LogLevel::kError : LogLevel::kWarning,
         diagnostic.to_string());
  }
  if (report.result) {
    log_(LogLevel::kInfo, "the rules are reloaded: " + std::to_string(report.rules) + " rules, " + report.fingerprint);
  } else {
    log_(LogLevel::kError, "the rules are not reloaded, the old ones (" + report.fingerprint +
                               ") stay in force: " + report.result.error().to_string());
  }
}

Status Daemon::start_http() {
  const BuildInfo build{WEIR_VERSION, client_library_version(), matching_library_version()};
  std::vector<std::string> sources;
  for (const SourceConfig& source : config_.all_sources())
    sources.push_back(source.name);
  for (auto* registry : {&starting_metrics_, &metrics_}) {
    *registry = std::make_unique<MetricsRegistry>(build);
    (*registry)->set_runtime(runtime_);
    (*registry)->set_rules(rules_);
    (*registry)->set_sources(sources);
    (*registry)->set_questions({[this] { return readiness().ok; }, [this] { return certificate_end(config_); },
                                [this] { return verdicts(); }});
  }
  shown_metrics_.store(starting_metrics_.get());

  HttpHandlers handlers;
  handlers.metrics = [this] { return shown_metrics_.load()->render(); };
  handlers.metrics_content_type = MetricsRegistry::kContentType;
  handlers.healthy = [this] { return health(); };
  handlers.ready = [this] { return readiness(); };
  handlers.api =
      admin_routes({config_, rules_, *reloader_, running_engine_, [this] { return readiness(); }, started_, log_});
  auto options = http_options();
  if (!options) return tl::unexpected(options.error());
  http_ = std::make_unique<HttpServer>(std::move(*options), std::move(handlers),
                                       [this](const RequestLogEntry& entry) { log_request(entry); });
  return http_->start();
}

/// A start that waits for its brokers is no reason to start again.
Health Daemon::health() const {
  const Engine* engine = running_engine_.load();
  if (engine == nullptr) return {true, "is starting"};
  const bool alive = engine->failure().has_value() && engine->oldest_heartbeat() < kLaneSilenceMax;
  return {alive, alive ? "every lane is alive" : "a lane has failed or hangs"};
}

Health Daemon::readiness() const {
  const Engine* engine = running_engine_.load();
  if (engine == nullptr) {
    const std::lock_guard lock(waiting_mutex_);
    return {false, waiting_for_};
  }
  const bool is_ready = engine->ready();
  return {is_ready, is_ready ? "every lane has joined its group" : engine->unhealthy_reason()};
}

Result<HttpOptions> Daemon::http_options() const {
  HttpOptions options;
  options.address = config_.http.address;
  options.port = config_.http.port;
  options.access.requests_per_minute = config_.http.requests_per_minute;
  for (const std::string& network : config_.http.allowed_addresses)
    if (const auto cidr = Cidr::parse(network)) options.access.allowed.push_back(*cidr);
  if (!config_.http.api_keys_file.empty()) {
    auto keys = ApiKeyStore::load(config_.http.api_keys_file);
    if (!keys) return tl::unexpected(keys.error());
    options.access.keys = std::make_shared<const ApiKeyStore>(std::move(*keys));
  }
  return options;
}

bool Daemon::progressing() const {
  return engine_->oldest_heartbeat() < kLaneSilenceMax;
}

void Daemon::log_request(const RequestLogEntry& entry) const {
  std::string line = "http " + std::string(entry.method) + " " + std::string(entry.path) + " " +
                     std::to_string(entry.status) + " to " + std::string(entry.remote_address);
  if (entry.suppressed > 0) line += ", " + std::to_string(entry.suppressed) + " requests not logged before it";
  if (!entry.caller.empty()) line += " for " + std::string(entry.caller);
  if (!entry.refusal.empty()) line += ": refused, " + std::string(entry.refusal);
  if (!entry.failure.empty()) line += ": " + std::string(entry.failure);
  LogLevel level = LogLevel::kDebug;
  if (!entry.refusal.empty()) level = LogLevel::kWarning;  // failed authentication above all
  if (!entry.failure.empty()) level = LogLevel::kError;
  log_(level, line);
}

Status Daemon::stop() {
  if (http_) http_->stop();
  if (!engine_) return {};
  engine_->request_stop();
  return engine_->join();
}

}  // namespace weir
