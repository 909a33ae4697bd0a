#include <CLI/App.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "app/commands/command.h"
#include "app/daemon/daemon.h"
#include "app/daemon/logging.h"
#include "app/daemon/service.h"
#include "app/daemon/teardown_deadline.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/startup_summary.h"
#include "base/memory/heap.h"

namespace weir {
namespace {

/// Twice what the lanes take at most to finish and leave their groups, and less than the unit's TimeoutStopSec.
constexpr std::chrono::seconds kTeardownMax{20};
/// Once the lanes have ended nothing is waited for but the library, which a request without an answer holds for a minute or more.
constexpr std::chrono::seconds kLettingGoMax{2};

/// A heap for each lane, and two that the client library's threads, of which there are dozens, share among themselves.
uint32_t heaps_for(const LanesConfig& lanes) {
  const uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  const auto count = [cores](uint32_t configured) { return configured == 0 ? cores : configured; };
  return count(lanes.detect) + count(lanes.score) + 2;
}

std::string status_of(const Daemon& daemon) {
  uint64_t records = 0, alerts = 0;
  for (const LaneCounters& lane : daemon.engine().counters()) {
    if (lane.detect != nullptr) records += lane.detect->records.value();
    if (lane.score == nullptr) continue;
    for (const auto& levels : lane.score->alerts) {
      for (const Counter& counter : levels)
        alerts += counter.value();
    }
  }
  const std::string reason = daemon.engine().unhealthy_reason();
  return std::to_string(records) + " records, " + std::to_string(alerts) + " alerts" +
         (reason.empty() ? "" : "; " + reason);
}

ServiceHooks hooks_for(Daemon& daemon, Log& log) {
  ServiceHooks hooks;
  hooks.ready = [&daemon] { return daemon.engine().ready(); };
  hooks.progressing = [&daemon] { return daemon.progressing(); };
  hooks.failed = [&daemon] { return !daemon.engine().failure().has_value(); };
  hooks.reload = [&daemon, &log] {
    log.write(LogLevel::kInfo, "a reload of the rules is asked for by SIGHUP");
    return daemon.reload_rules().result;
  };
  hooks.status = [&daemon] {
    daemon.log_new_response_faults();
    daemon.log_new_blind_spots();
    return status_of(daemon);
  };
  hooks.reloaded = [](const Status&) {};  // the daemon logs every reload, whoever asked for it
  return hooks;
}

/// `weir run`: the daemon. Returns when a signal stops it (0) or it cannot go on (1); 2 for a configuration error.
int run_daemon(const std::string& config_file) {
  SignalWatcher signals;  // before any other thread
  const ServiceNotifier notifier;
  SetupArguments arguments;
  arguments.config_file = config_file;
  arguments.cache = RuleCache::kConfigured;
  arguments.surroundings = Surroundings::kChecked;
  arguments.sources = SetupArguments::Sources::kAll;
  auto setup = prepare_command(arguments);
  if (!setup) return report_usage_error(setup.error());
  Log log(setup->config.log);
  log.write(LogLevel::kInfo,
            "weir " WEIR_VERSION " starts with " + std::to_string(setup->rules->rules().size()) + " rules");
  for (const std::string& line : startup_summary(*setup))
    log.write(LogLevel::kInfo, line);

  if (setup->config.hash_key.empty()) {
    log.write(LogLevel::kWarning,
              "hash_key is not set: whoever knows weir's public default can choose client names that "
              "crowd one partition; set the same secret in every process (hash_key_file)");
  }
  limit_heaps(heaps_for(setup->config.lanes));
  const StartHooks hooks{&signals.stop_requested(),
                         [&notifier](const std::string& reason) { notifier.waiting(reason); }};
  auto daemon = Daemon::start(*setup, log.sink(), hooks);
  if (!daemon) {
    if (signals.stop_requested().load()) return kExitFine;
    log.write(LogLevel::kError, daemon.error().to_string());
    return kExitFailed;
  }
  log.write(LogLevel::kInfo, "serving /metrics, /-/healthy and /-/ready on " + setup->config.http.address + ":" +
                                 std::to_string((*daemon)->http_port()));
  const ServiceEnd end = run_service(signals, notifier, hooks_for(**daemon, log));
  const Status lanes = (*daemon)->engine().failure();
  const auto says_so = [&log] {
    log.write(LogLevel::kWarning, "the client library does not let go; ending without it");
  };
  TeardownDeadline deadline(kTeardownMax, says_so);
  const Status stopped = (*daemon)->stop();
  if (end == ServiceEnd::kFailed && !lanes) log.write(LogLevel::kError, lanes.error().to_string());
  if (!stopped) log.write(LogLevel::kError, stopped.error().to_string());
  const int exit_code = end == ServiceEnd::kStopRequested && stopped ? kExitFine : kExitFailed;
  deadline.set_exit_code(exit_code);
  TeardownDeadline letting_go(kLettingGoMax, says_so);
  letting_go.set_exit_code(exit_code);
  daemon->reset();
  log.write(LogLevel::kInfo, "stopped");
  return exit_code;
}

}  // namespace

void add_run_command(CLI::App& program, int& exit_code) {
  auto config_file = std::make_shared<std::string>();
  auto* run = program.add_subcommand("run", "Run the daemon: requests from Kafka in, alerts and metrics out");
  run->add_option("-c,--config", *config_file, "Configuration file (YAML)")->required();
  run->footer(
      "Signals: SIGHUP reloads the rules, SIGTERM and SIGINT commit what is done and stop.\n"
      "Example: weir run --config /etc/weir/weir.yaml");
  run->callback([config_file, &exit_code] { exit_code = run_daemon(*config_file); });
}

}  // namespace weir
