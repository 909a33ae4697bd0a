#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/daemon/daemon.h"
#include "app/demo/demo_traffic.h"
#include "app/demo/demo_view.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "kafka/embedded_broker.h"
#include "kafka/record_feeder.h"
#include "kafka/topic_reader.h"
#include "lane/wall_clock.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

struct DemoArguments {
  uint32_t seconds = 0;   ///< 0: until interrupted
  uint32_t rate = 2'000;  ///< records a second
  uint64_t seed = 7;
  uint16_t port = 9464;
  std::string json_file;
};

constexpr int32_t kRequestPartitions = 4;
constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::seconds kReadyMax{30};  // the embedded broker takes some 3 s to form a group
constexpr std::chrono::seconds kDrainMax{20};

std::atomic<bool> stop_requested{false};

void on_signal(int) {
  stop_requested.store(true);
}

/// The configuration of the demo: the defaults, on the embedded broker.
void adapt(Config& config, const DemoArguments& arguments, const std::string& bootstrap_servers) {
  config.delivery = Delivery::kAtLeastOnce;  // the embedded broker takes transactions but isolates nothing
  config.kafka.bootstrap_servers = bootstrap_servers;
  config.kafka.topics.create = TopicCreation::kNever;  // the embedded broker has them from the start
  // The embedded broker cannot be told not to create topics; asking it to only draws a warning from each client.
  config.kafka.client_properties["allow.auto.create.topics"] = Secret("true");
  // It answers a fetch that finds nothing only when this time is over.
  config.kafka.client_properties["fetch.wait.max.ms"] = Secret("20");
  config.lanes.detect = 1;
  config.lanes.score = 1;
  config.http.port = arguments.port;
}

std::vector<EmbeddedBroker::Topic> topics_of(const KafkaTopics& topics) {
  return {{topics.requests.front(), kRequestPartitions},
          {topics.observations, topics.observations_partitions},
          {topics.state, topics.observations_partitions},
          {topics.alerts, topics.alerts_partitions},
          {topics.dead_letter, 1},
          {topics.decisions, topics.alerts_partitions}};
}

/// Warnings of the parts go to the terminal; the rest would hide the alerts.
LogSink demo_log(DemoView& view) {
  return [&view](LogLevel level, std::string_view text) {
    if (level >= LogLevel::kWarning && !stop_requested.load()) view.message(printable(text));
  };
}

/// Feeds generated records at the wanted rate until told to stop; counts what it fed.
class Feeder {
 public:
  Feeder(std::unique_ptr<RecordFeeder> feeder, std::string topic, const DemoArguments& arguments)
      : feeder_(std::move(feeder)),
        topic_(std::move(topic)),
        traffic_(arguments.seed),
        rate_(arguments.rate),
        thread_([this] { run(); }) {}

  /// Ends the feeding; every record fed is stored afterwards, or the error says why not.
  Status stop() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
    return status_ ? feeder_->flush(Milliseconds(10'000)) : status_;
  }
  ~Feeder() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] uint64_t fed() const { return fed_.load(); }

 private:
  void run() {
    const auto started = Clock::now();
    while (!stop_.load() && status_) {
      const double elapsed = std::chrono::duration<double>(Clock::now() - started).count();
      const auto due = static_cast<uint64_t>(elapsed * rate_);
      while (fed_.load() < due && status_) {
        status_ = feeder_->produce(topic_, {}, traffic_.next(wall_clock()),
                                   static_cast<int32_t>(fed_.load() % kRequestPartitions));
        if (status_) fed_.fetch_add(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the records of 5 ms are fed together
    }
  }

  std::unique_ptr<RecordFeeder> feeder_;
  std::string topic_;
  DemoTraffic traffic_;
  double rate_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> fed_{0};
  Status status_;
  std::thread thread_;  // last: it uses the members above
};

struct Totals {
  uint64_t observed = 0, rejected = 0, scored = 0, alerts = 0, dead_letters = 0;
};

Totals totals_of(const Engine& engine) {
  Totals totals;
  for (const LaneCounters& lane : engine.counters()) {
    if (lane.detect != nullptr) {
      uint64_t rejected = 0;
      for (const Counter& counter : lane.detect->rejected)
        rejected += counter.value();
      totals.rejected += rejected;
      totals.observed += lane.detect->requests.value();
      totals.dead_letters += lane.kafka->dead_letters.value();
    }
    if (lane.score != nullptr) {
      totals.scored += lane.score->observations.value();
      for (const auto& levels : lane.score->alerts) {
        for (const Counter& counter : levels)
          totals.alerts += counter.value();
      }
    }
  }
  return totals;
}

bool write_figures(const std::string& file, uint64_t fed, const Totals& totals, uint64_t alerts_read, double seconds) {
  if (file.empty()) return true;
  const nlohmann::ordered_json figures{{"records", fed},
                                       {"observed", totals.observed},
                                       {"alerts", alerts_read},
                                       {"dead_letters", totals.dead_letters},
                                       {"seconds", seconds}};
  return write_file("demo", file, figures.dump(2) + "\n");
}

/// Shows what stands in the alerts topic now. Returns how many alerts that were.
Result<uint64_t> show_alerts(TopicReader& reader, DemoView& view, std::chrono::milliseconds wait) {
  uint64_t shown = 0;
  while (true) {
    auto record = reader.next(wait);
    if (!record) return tl::unexpected(record.error());
    if (!*record) return shown;
    view.alert((*record)->value);
    ++shown;
    wait = std::chrono::milliseconds(0);
  }
}

Status wait_until_ready(const Engine& engine) {
  for (const auto deadline = Clock::now() + kReadyMax; !engine.ready() && !stop_requested.load();
       std::this_thread::sleep_for(kTick)) {
    if (Clock::now() > deadline)
      return fail(ErrorCode::kKafka, "demo", "the lanes did not become ready: " + engine.unhealthy_reason());
  }
  return {};
}

/// The demo between start and end; a failure is an error that says what to do.
Status demonstrate(const DemoArguments& arguments, DemoView& view) {
  auto setup = prepare_command({});
  if (!setup) return tl::unexpected(setup.error());
  Config& config = setup->config;
  const LogSink log = demo_log(view);
  auto broker = EmbeddedBroker::start(topics_of(config.kafka.topics), log);
  if (!broker) return tl::unexpected(broker.error());
  adapt(config, arguments, (*broker)->bootstrap_servers());
  setup->embedded_broker = true;

  auto daemon = Daemon::start(*setup, log, {&stop_requested, {}});
  if (!daemon) return tl::unexpected(daemon.error());
  const Engine& engine = (*daemon)->engine();
  view.started(setup->rules->rules().size(), (*broker)->bootstrap_servers(), (*daemon)->http_port());

  const ClientOptions client{config.kafka, memory_per_lane(config.memory, 1), log};
  const std::vector<std::string> alert_topics{config.kafka.topics.alerts};
  auto reader = TopicReader::open(client, alert_topics, TopicReader::Start::kBeginning);
  if (!reader) return tl::unexpected(reader.error());
  auto record_feeder = RecordFeeder::create(client);
  if (!record_feeder) return tl::unexpected(record_feeder.error());

  if (auto ready = wait_until_ready(engine); !ready) return ready;
  const auto started = Clock::now();
  const auto seconds_since_start = [&] { return std::chrono::duration<double>(Clock::now() - started).count(); };
  Feeder feeder(std::move(*record_feeder), config.kafka.topics.requests.front(), arguments);
  uint64_t alerts_read = 0;
  const auto advance = [&]() -> Status {
    const auto shown = show_alerts(**reader, view, kTick);
    if (!shown) return tl::unexpected(shown.error());
    alerts_read += *shown;
    const Totals totals = totals_of(engine);
    view.rates({seconds_since_start(), feeder.fed(), totals.scored, totals.alerts, totals.dead_letters});
    return engine.failure();
  };
  while (!stop_requested.load() && (arguments.seconds == 0 || seconds_since_start() < arguments.seconds)) {
    if (auto advanced = advance(); !advanced) return advanced;
  }
  if (auto stopped = feeder.stop(); !stopped) return stopped;

  // What was fed goes all the way before the end: every record is scored or a dead letter, every alert shown.
  const auto is_drained = [&] {
    const Totals totals = totals_of(engine);
    return totals.scored + totals.dead_letters >= feeder.fed() && alerts_read >= totals.alerts;
  };
  for (const auto deadline = Clock::now() + kDrainMax; !is_drained();) {
    if (Clock::now() > deadline) return fail(ErrorCode::kInternal, "demo", "not every record came through in time");
    if (auto advanced = advance(); !advanced) return advanced;
  }
  const double seconds = seconds_since_start();
  const Totals totals = totals_of(engine);
  if (auto stopped = (*daemon)->stop(); !stopped) return stopped;
  view.summary({seconds, feeder.fed(), totals.scored, alerts_read, totals.dead_letters});
  if (totals.scored + totals.dead_letters != feeder.fed()) {
    return fail(ErrorCode::kInternal, "demo", "records in and records accounted for differ");
  }
  if (!write_figures(arguments.json_file, feeder.fed(), totals, alerts_read, seconds))
    return fail(ErrorCode::kIo, "demo", "no figures written");
  return {};
}

/// `weir demo`: the real pipeline, both stages and all topics, on an embedded Kafka in this process, fed by generated
/// traffic. Shows alerts as they appear. Returns the exit code.
int run_demo(const DemoArguments& arguments) {
  stop_requested.store(false);
  struct sigaction action {};
  action.sa_handler = on_signal;
  if (sigaction(SIGINT, &action, nullptr) != 0 || sigaction(SIGTERM, &action, nullptr) != 0) {
    std::perror("weir demo: sigaction");
    return kExitFailed;
  }
  DemoView view;
  if (auto done = demonstrate(arguments, view); !done) {
    view.finish();
    std::fprintf(stderr, "weir demo: %s\n", done.error().to_string().c_str());
    return kExitFailed;
  }
  return kExitFine;
}

}  // namespace

void add_demo_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<DemoArguments>();
  auto* demo = program.add_subcommand("demo", "Run the whole pipeline on an embedded Kafka with generated traffic");
  demo->add_option("--seconds", arguments->seconds, "Stop after this time; 0: run until interrupted")->default_val(0);
  demo->add_option("--rate", arguments->rate, "Records a second")->default_val(2'000)->check(CLI::Range(1, 100'000));
  demo->add_option("--seed", arguments->seed, "Seed of the traffic")->default_val(7);
  demo->add_option("--port", arguments->port, "Port of /metrics and the probes; 0: any free one")->default_val(9464);
  demo->add_option("--json", arguments->json_file, "Write the figures to this file as JSON");
  demo->callback([arguments, &exit_code] { exit_code = run_demo(*arguments); });
}

}  // namespace weir
