#include "kafka/engine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <future>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "base/assert.h"
#include "kafka/at_least_once.h"
#include "kafka/consumer/consumer.h"
#include "kafka/kafka_transactions.h"
#include "kafka/state_reader.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_checks.h"
#include "lane/block_router.h"
#include "lane/crash_journal.h"
#include "lane/detect_lane.h"
#include "lane/exactly_once.h"
#include "lane/lane.h"
#include "lane/score_lane.h"
#include "lane/state/state_record.h"
#include "lane/supervise/memory_share.h"
#include "pipeline/observation_block.h"

namespace weir {
namespace {

/// One lane with everything it owns, in the order of dependence.
struct LaneRuntime {
  std::string name;
  DetectCounters detect;
  ScoreCounters score;
  KafkaCounters kafka;
  EndingClients ending;  // of producers; after the counters, before what may still hand clients over
  std::unique_ptr<KafkaConsumer> consumer;
  std::unique_ptr<OutputTransaction> output;
  std::unique_ptr<StateReader> state;
  std::unique_ptr<StageWork> work;
  ClientDesk* desk = nullptr;  // of `work`, if it scores
  std::unique_ptr<CrashJournal::Guard> guard;
  std::unique_ptr<Lane> lane;
  std::thread thread;
};

/// Start-up waits end early when the process is asked to stop.
class StartupPatience : public Patience {
 public:
  explicit StartupPatience(const std::atomic<bool>* stop_requested) : stop_requested_(stop_requested) {}
  bool may_wait() override { return stop_requested_ == nullptr || !stop_requested_->load(); }

 private:
  const std::atomic<bool>* stop_requested_;
};

using PartitionCounts = std::map<std::string, int32_t>;

/// So far at least a source may be ahead of the slowest; otherwise half of score.lateness_ms.
constexpr Milliseconds kAheadMin{1'000};

Status check_stages(const EngineOptions& options) {
  if (options.stages.empty()) return fail(ErrorCode::kInvalidArgument, "kafka", "stages names no stage to run");
  return {};
}

bool has_stage(const EngineOptions& options, Stage stage) {
  return std::find(options.stages.begin(), options.stages.end(), stage) != options.stages.end();
}

/// What the brokers say of weir's topics.
struct PreparedTopics {
  PartitionCounts partitions;
  size_t alert_bytes_max = std::numeric_limits<size_t>::max();
};

Result<PreparedTopics> prepare_topics(const EngineOptions& options, const ClientOptions& client, const LogSink& log,
                                      Patience& patience) {
  auto admin = TopicAdmin::create(client);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(options.broker_timeout, &patience, options.waiting); !status)
    return tl::unexpected(status.error());
  const KafkaTopics& topics = options.kafka.topics;
  const bool decides = options.score.decisions != nullptr && has_stage(options, Stage::kScore);
  std::vector<TopicSpec> specs = topic_specs(topics, decides ? DecisionsTopic::kUsed : DecisionsTopic::kUnused);
  const bool may_lack_state = topics.create == TopicCreation::kNever && options.delivery == Delivery::kAtLeastOnce;
  if (may_lack_state) {
    const auto there = (*admin)->partitions({&topics.state, 1}, options.startup_timeout);
    if (!there) return tl::unexpected(there.error());
    if (there->empty()) {
      std::erase_if(specs, [&](const TopicSpec& spec) { return spec.name == topics.state; });
      log(LogLevel::kWarning, "kafka: there is no topic " + topics.state +
                                  " and kafka.topics.create is false: a restart will begin with empty client windows");
    }
  }
  auto found = (*admin)->ensure(specs, topics.create, options.kafka.topics.replication_factor, options.startup_timeout);
  if (!found) return tl::unexpected(found.error());
  if ((*found)[topics.observations] != topics.observations_partitions) {
    log(LogLevel::kWarning, "kafka: topic " + topics.observations + " has " +
                                std::to_string((*found)[topics.observations]) + " partitions, not the " +
                                std::to_string(topics.observations_partitions) +
                                " of the configuration; using what it has");
  }
  if (found->contains(topics.state) && options.checks_topic_settings) {
    const StateTopics state{topics.observations, (*found)[topics.observations], topics.state, (*found)[topics.state],
                            options.snapshot_round};
    if (Status status = check_state_topics(**admin, state, log, options.startup_timeout); !status)
      return tl::unexpected(status.error());
  }
  if (decides && options.checks_topic_settings) {
    if (Status status = check_decisions_topic(**admin, topics.decisions, log, options.startup_timeout); !status)
      return tl::unexpected(status.error());
  }
  PreparedTopics prepared{std::move(*found)};
  if (options.checks_topic_settings) {
    const auto alert_bytes =
        check_limits(**admin, topics, prepared.partitions.contains(topics.state), log, options.startup_timeout);
    if (!alert_bytes) return tl::unexpected(alert_bytes.error());
    prepared.alert_bytes_max = *alert_bytes;
  }
  return prepared;
}

}  // namespace

struct Engine::Impl {
  EngineOptions options;
  ClientOptions client;
  LogSink log;
  mutable RecordSamples samples;
  std::unique_ptr<CrashJournal> journal;  // null: no quarantine
  bool lacks_journal = false;             // for want of disk space
  std::unique_ptr<SourceBoard> board;     // outlives the lanes; null: no watermarks
  std::vector<int32_t> input_partitions;  // of each requests topic that has a name
  std::vector<std::unique_ptr<LaneRuntime>> lanes;
  std::vector<LaneCounters> counters;
  int32_t partition_count = 0;  // of the observations
  bool has_state_topic = false;
  size_t alert_bytes_max = std::numeric_limits<size_t>::max();

  Status add_lane(Stage stage, uint32_t index, const RuleSlot& rules, int32_t observations_partitions);
  std::unique_ptr<StageWork> make_work(Stage stage, LaneRuntime& runtime, const RuleSlot& rules,
                                       int32_t observations_partitions) const;
  Status make_output(const std::string& stage_name, LaneRuntime& runtime);
  [[nodiscard]] uint32_t partitions_held_back_max() const;
  [[nodiscard]] std::string transactional_id_of(const std::string& lane) const;
  void describe(Stage stage, const LaneRuntime& runtime);
  [[nodiscard]] TopicTable topics_of(Stage stage) const {
    return stage == Stage::kDetect ? options.topics : TopicTable{options.kafka.topics.observations};
  }
  Status start_threads();
};

EngineOptions EngineOptions::from(const Config& config, AnalyzerOptions analyzer,
                                  std::shared_ptr<const AlertEncoder> alert_encoder) {
  EngineOptions options;
  options.kafka = config.kafka;
  options.stages = config.stages;
  options.delivery = config.delivery;
  options.lanes = config.lanes;
  options.batch = config.batch;
  options.memory = config.memory;
  options.quarantine = config.quarantine;
  options.analyzer = std::move(analyzer);
  options.score = config.score;
  options.snapshot_round = config.snapshot_round;
  options.alert_encoder = std::move(alert_encoder);
  return options;
}

Engine::Engine() : impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<Engine>> Engine::start(const EngineOptions& options, const RuleSlot& rules, LogSink log,
                                              const std::atomic<bool>* stop_requested) {
  if (Status status = check_stages(options); !status) return tl::unexpected(status.error());
  std::unique_ptr<Engine> engine(new Engine);
  Impl& impl = *engine->impl_;
  impl.options = options;
  const auto& requests = options.kafka.topics.requests;
  if (options.topics.empty() && std::none_of(requests.begin(), requests.end(), is_topic_pattern))
    impl.options.topics = requests;
  impl.log = std::move(log);
  const auto lanes_of = [&](Stage stage) {
    const uint32_t configured = stage == Stage::kDetect ? options.lanes.detect : options.lanes.score;
    return configured == 0 ? std::max(1U, std::thread::hardware_concurrency()) : configured;
  };
  uint32_t lanes = 0;
  for (const Stage stage : options.stages)
    lanes += lanes_of(stage);
  impl.client = {options.kafka, memory_per_lane(options.memory, lanes), impl.log};
  if (!options.quarantine.directory.empty()) {
    auto journal =
        CrashJournal::open(options.quarantine.directory, options.kafka.group_id, options.quarantine.crashes, impl.log);
    const bool no_space = !journal && journal.error().code == ErrorCode::kLimit;
    if (!journal && !no_space) return tl::unexpected(journal.error());
    if (journal) impl.journal = std::move(*journal);
    impl.lacks_journal = no_space;
    if (no_space) {
      impl.log(LogLevel::kWarning, "working without the crash journal: " + journal.error().detail +
                                       "; a record that crashes the process cannot be found until the next start");
    }
  }
  StartupPatience patience(stop_requested);
  auto prepared = prepare_topics(options, impl.client, impl.log, patience);
  if (!prepared) return tl::unexpected(prepared.error());
  const int32_t observations_partitions = prepared->partitions[options.kafka.topics.observations];
  impl.partition_count = observations_partitions;
  for (size_t topic = 0; topic < impl.options.topics.size(); ++topic)
    impl.input_partitions.push_back(prepared->partitions[impl.options.topics[topic]]);
  impl.has_state_topic = prepared->partitions.contains(options.kafka.topics.state);
  impl.alert_bytes_max = prepared->alert_bytes_max;
  if (options.score.watermarks)
    impl.board = std::make_unique<SourceBoard>(std::max(kAheadMin, options.score.lateness / 2));

  for (const Stage stage : options.stages) {
    const uint32_t count = lanes_of(stage);
    for (uint32_t i = 0; i < count; ++i) {
      if (Status status = impl.add_lane(stage, i, rules, observations_partitions); !status)
        return tl::unexpected(status.error());
    }
  }
  if (Status status = impl.start_threads(); !status) return tl::unexpected(status.error());
  return engine;
}

Status Engine::Impl::add_lane(Stage stage, uint32_t index, const RuleSlot& rules, int32_t observations_partitions) {
  const std::string stage_name = stage == Stage::kDetect ? "detect" : "score";
  auto runtime = std::make_unique<LaneRuntime>();
  runtime->name = stage_name + "-" + std::to_string(index);
  const std::string client_id = "weir-" + runtime->name;
  GroupMember member{options.kafka.group_id + "-" + stage_name, {}};
  member.finds_ends = stage == Stage::kScore && has_state_topic;
  if (!options.kafka.instance_id.empty()) member.instance_id = options.kafka.instance_id + "-" + runtime->name;
  if (stage == Stage::kDetect) member.subscription = options.kafka.topics.requests;
  if (stage == Stage::kDetect && board != nullptr) member.held_back_max = partitions_held_back_max();
  const TopicTable topics = topics_of(stage);

  auto consumer = KafkaConsumer::create(client, client_id, member, topics, runtime->kafka);
  if (!consumer) return tl::unexpected(consumer.error());
  runtime->consumer = std::move(*consumer);
  if (Status status = make_output(stage_name, *runtime); !status) return status;
  runtime->work = make_work(stage, *runtime, rules, observations_partitions);
  BatchConfig batch = options.batch;
  if (stage == Stage::kScore)
    batch.wait_max = Milliseconds(0);  // its records are blocks, batches already: waiting only costs latency
  runtime->lane = std::make_unique<Lane>(runtime->name, *runtime->consumer, *runtime->output, *runtime->work, batch,
                                         log, runtime->kafka);
  if (journal != nullptr) runtime->guard = journal->guard(lanes.size(), topics);
  runtime->lane->set_guard(runtime->guard.get());
  runtime->kafka.unguarded.set(lacks_journal ? 1 : 0);
  describe(stage, *runtime);
  lanes.push_back(std::move(runtime));
  return {};
}

/// A lane may get all partitions. How many match a pattern is not known yet.
uint32_t Engine::Impl::partitions_held_back_max() const {
  constexpr int32_t kOfPatterns = 16;
  return static_cast<uint32_t>(
      std::accumulate(input_partitions.begin(), input_partitions.end(), input_partitions.empty() ? kOfPatterns : 0));
}

/// The transactional id is the same in each life of a lane that has a name of its own (kafka.instance_id): then the next life ends at
/// once what the last one left open. Without a name it is random, and readers wait for the transaction's timeout.
std::string Engine::Impl::transactional_id_of(const std::string& lane) const {
  std::string instance = options.kafka.instance_id;
  if (instance.empty()) {
    std::random_device random;
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%08x%08x", random(), random());
    instance = digits.data();
  }
  return options.kafka.group_id + "-" + instance + "-" + lane;
}

Status Engine::Impl::make_output(const std::string& stage_name, LaneRuntime& runtime) {
  const std::string client_id = "weir-" + runtime.name;
  const std::string& dead_letters = options.kafka.topics.dead_letter;
  if (options.delivery == Delivery::kExactlyOnce) {
    const auto make_client = [this, client_id, &runtime, id = transactional_id_of(runtime.name)] {
      return KafkaTransactions::create(client, client_id, id, *runtime.consumer, runtime.ending, runtime.kafka);
    };
    runtime.output = std::make_unique<ExactlyOnceOutput>(make_client, *runtime.consumer, dead_letters, log,
                                                         runtime.kafka, stage_name);
    return {};
  }
  const auto make_producer = [this, client_id, &runtime] {
    return KafkaProducer::create(client, client_id, runtime.kafka);
  };
  auto producer = make_producer();
  if (!producer) return tl::unexpected(producer.error());
  runtime.output = std::make_unique<AtLeastOnceOutput>(std::move(*producer), make_producer, *runtime.consumer,
                                                       dead_letters, log, runtime.kafka, stage_name);
  return {};
}

std::unique_ptr<StageWork> Engine::Impl::make_work(Stage stage, LaneRuntime& runtime, const RuleSlot& rules,
                                                   int32_t observations_partitions) const {
  const KafkaTopics& topics = options.kafka.topics;
  if (stage == Stage::kDetect) {
    DetectWork::Options work{options.topics,     topics.observations,    observations_partitions,
                             topics.dead_letter, options.kafka.group_id, &samples,
                             input_partitions};
    return std::make_unique<DetectWork>(std::move(work), options.analyzer, rules, runtime.detect, runtime.kafka,
                                        board.get(), lanes.size());
  }
  ScoreWork::Options work{options.topics,         topics.observations,
                          topics.alerts,          topics.dead_letter,
                          topics.decisions,       options.kafka.group_id,
                          options.alert_encoder,  options.score,
                          topics.state,           static_cast<uint32_t>(observations_partitions),
                          options.snapshot_round, {},
                          alert_bytes_max,        options.alert_enricher};
  work.hash_key_mark = mark_of_hash_key(options.analyzer.hash_key);
  if (has_state_topic) runtime.state = std::make_unique<StateReader>(client, topics.state);
  auto score =
      std::make_unique<ScoreWork>(std::move(work), log, runtime.score, runtime.kafka, runtime.state.get(), board.get());
  runtime.desk = &score->desk();
  return score;
}

void Engine::Impl::describe(Stage stage, const LaneRuntime& runtime) {
  const bool detects = stage == Stage::kDetect;
  counters.push_back({runtime.name, topics_of(stage), detects ? &runtime.detect : nullptr,
                      detects ? nullptr : &runtime.score, &runtime.kafka});
}

Status Engine::Impl::start_threads() {
  for (const auto& runtime : lanes) {
    if (Status status = runtime->consumer->subscribe(runtime->lane->listener(), runtime->lane->patience()); !status)
      return status;
  }
  for (const auto& runtime : lanes) {
    runtime->thread = std::thread([lane = runtime->lane.get()] { lane->run(); });
  }
  return {};
}

Engine::~Engine() {
  request_stop();
  const Status ignored = join();  // reported through failure() while it mattered
  static_cast<void>(ignored);
}

void Engine::request_stop() {
  for (const auto& runtime : impl_->lanes) {
    if (runtime->lane != nullptr) runtime->lane->request_stop();
  }
}

Status Engine::join() {
  for (const auto& runtime : impl_->lanes) {
    if (runtime->thread.joinable()) runtime->thread.join();
  }
  return failure();
}

Status Engine::failure() const {
  for (const auto& runtime : impl_->lanes) {
    if (const Status status = runtime->lane->failure(); !status) {
      return fail(status.error().code, "lane " + runtime->name, status.error().detail);
    }
  }
  return {};
}

bool Engine::ready() const {
  return unhealthy_reason().empty();
}

std::string Engine::unhealthy_reason() const {
  if (const Status status = failure(); !status) return status.error().to_string();
  for (const auto& runtime : impl_->lanes) {
    if (const std::string problems = runtime->consumer->context().problems(); !problems.empty())
      return "lane " + runtime->name + ": " + problems;
    if (runtime->lane->stalled())
      return "lane " + runtime->name + ": has work and gets on with nothing; its client was made anew";
    if (runtime->lane->retrying()) {
      const std::string reason = runtime->lane->retry_reason();
      return "lane " + runtime->name + ": its output is not accepted and is being sent again" +
             (reason.empty() ? reason : " (" + reason + ")");
    }
    if (runtime->lane->restoring()) return "lane " + runtime->name + ": is restoring the state of its clients";
    if (!runtime->lane->ready())
      return "lane " + runtime->name + ": " + (runtime->lane->finished() ? "has ended" : "is joining its group");
  }
  return {};
}

Milliseconds Engine::oldest_heartbeat() const {
  Milliseconds oldest{0};
  for (const auto& runtime : impl_->lanes) {
    if (!runtime->lane->finished()) oldest = std::max(oldest, runtime->lane->heartbeat_age());
  }
  return oldest;
}

Result<Engine::ClientSighting> Engine::ask_about(const ClientQuestion& question, Milliseconds patience) const {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::vector<std::pair<const LaneRuntime*, std::future<ClientAnswer>>> asked;
  for (const auto& runtime : impl_->lanes) {
    if (runtime->desk == nullptr) continue;
    auto answer = runtime->desk->ask(question);
    if (!answer) return fail(ErrorCode::kLimit, "lane " + runtime->name, "too many questions wait for it");
    asked.emplace_back(runtime.get(), std::move(*answer));
  }
  const LaneRuntime* silent = nullptr;
  for (auto& [lane, answer] : asked) {
    if (answer.wait_until(end) != std::future_status::ready) {
      silent = lane;
      continue;
    }
    ClientAnswer told = answer.get();
    if (told.here != ClientAnswer::Here::kNo) return ClientSighting{lane->name, std::move(told)};
  }
  if (silent != nullptr) return fail(ErrorCode::kLimit, "lane " + silent->name, "does not answer in time");
  return ClientSighting{};
}

Result<ProducedRecord> Engine::publish(const ClientOrder& order, Milliseconds patience) const {
  std::string block;
  encode_order_block(order, block);
  return produce_one(impl_->client,
                     {impl_->options.kafka.topics.observations,
                      {},
                      std::move(block),
                      partition_of(order.client_hash, impl_->partition_count)},
                     patience);
}

Result<std::optional<PartitionOwner>> Engine::owner_of(int32_t partition, Milliseconds patience) const {
  const KafkaConfig& kafka = impl_->options.kafka;
  return owner_of_partition(impl_->client, kafka.group_id + "-score", kafka.topics.observations, partition, patience);
}

int32_t Engine::observations_partitions() const {
  return impl_->partition_count;
}

const std::vector<LaneCounters>& Engine::counters() const {
  return impl_->counters;
}

RecordSamples& Engine::samples() const {
  return impl_->samples;
}

}  // namespace weir
