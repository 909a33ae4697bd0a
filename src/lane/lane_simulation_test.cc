#include <cstdlib>
#include <set>

#include "alert/ocsf.h"
#include "base/catch.h"
#include "lane/exactly_once.h"
#include "lane/lane.h"
#include "lane/pause.h"
#include "lane/score_lane.h"
#include "lane/simulated_kafka.h"
#include "lane/test_support.h"
#include "pipeline/observation_block.h"

// Two score lanes against a Kafka that loses answers, ends transactions late, takes members for dead and sees processes die:
// whatever happened, the committed alerts and the state are those of a run in which nothing did.

using namespace weir;
using namespace weir::test;

namespace {

constexpr int kBlocks = 40;
constexpr int kActions = 160;
constexpr int kQuietMax = 4'000;

constexpr int64_t kStartMs = 1'700'000'000'000;

/// How the records of a partition come, and in which order they are scored.
struct Coming {
  ScoreOrder order = ScoreOrder::kArrival;
  bool mixed = false;  // not in the order of their times: eighteen at a time
};

/// The turn of the record that comes at this place.
uint64_t turn_at(uint64_t place, const Coming& coming) {
  constexpr uint64_t kMixed = 18, kStep = 7;
  return coming.mixed && place / kMixed * kMixed + kMixed <= kBlocks * 3
             ? place / kMixed * kMixed + place * kStep % kMixed
             : place;
}

/// Requests of a few clients from ever new addresses: their windows, hence their alerts, reach over many blocks.
std::string block_of(int32_t partition, int number, const Coming& coming) {
  std::vector<Observation> made(3);
  std::vector<uint32_t> indices{0, 1, 2};
  std::vector<std::string> clients;
  for (uint64_t i = 0; i < 3; ++i) {
    const uint64_t turn = turn_at(static_cast<uint64_t>(number) * 3 + i, coming);
    clients.push_back("client-" + std::to_string(partition) + "-" + std::to_string((turn / 3 + turn % 3 * 3) % 7));
  }
  SourceReport source{0, partition, SourceReport::kNoTime, false, false};
  for (uint32_t i = 0; i < made.size(); ++i) {
    const uint64_t turn = turn_at(static_cast<uint64_t>(number) * 3 + i, coming);
    made[i].at = {0, partition, static_cast<int64_t>(turn)};
    const uint64_t since = coming.order == ScoreOrder::kArrival ? turn * turn * 37 : turn * 1'000;
    made[i].time = EventTime(Milliseconds(kStartMs + static_cast<int64_t>(since)));
    source.time_ms = std::max(source.time_ms, made[i].time.time_since_epoch().count());
    made[i].client_kind = ClientKind::kCustomer;
    made[i].client = clients[i];
    made[i].client_hash = std::hash<std::string>()(clients[i]);
    made[i].address = *IpAddress::parse("192.0." + std::to_string(turn / 200) + "." + std::to_string(turn % 200));
    made[i].user_agent_hash = 1'000 + turn % 5;
    made[i].status = 200;
  }
  std::string block;
  if (coming.order == ScoreOrder::kArrival)
    encode_block(made, indices, block);
  else
    encode_block_part(made, indices, {&source, 1}, std::numeric_limits<size_t>::max(), block);
  return block;
}

/// A process with one score lane.
struct Process {
  Process(SimulatedKafka& kafka, int id, int name, ScoreOrder order, const int64_t& now)
      : source(kafka, id),
        store(kafka),
        output(
            [&kafka, name, this]() -> Result<std::unique_ptr<TransactionClient>> {
              return std::make_unique<SimulatedTransactions>(kafka, source, "process-" + std::to_string(name));
            },
            source, "dead", [](LogLevel, std::string_view) {}, counters, "score"),
        work(
            options(order, now), [](LogLevel, std::string_view) {}, score, counters, &store),
        lane(
            "score-0", source, output, work, batch(), [](LogLevel, std::string_view) {}, counters) {
    source.subscribe(lane.listener());
  }
  static BatchConfig batch() {
    BatchConfig config;
    config.commit_interval = Milliseconds(0);
    return config;
  }
  static ScoreWork::Options options(ScoreOrder order, const int64_t& now) {
    ScoreOptions score;
    score.clients_max = 1'000;
    score.order = order;
    score.disorder = Milliseconds(20'000);
    const std::vector<std::string> topics{"http.requests"};
    return {topics,
            "obs",
            "alerts",
            "dead",
            "decisions",
            "weir",
            std::make_shared<OcsfEncoder>("1.0", topics),
            score,
            "state",
            2,
            Milliseconds(20),
            [&now] { return Milliseconds(now); }};
  }

  KafkaCounters counters;
  ScoreCounters score;
  SimulatedSource source;
  SimulatedStore store;
  ExactlyOnceOutput output;
  ScoreWork work;
  Lane lane;
};

struct Reading {
  std::multiset<std::string> alerts;
  std::map<int32_t, uint64_t> digests;
  uint64_t restores = 0, replayed = 0, aborted = 0;
  std::string failure;
};

class Simulation {
 public:
  Simulation(uint64_t seed, bool faults, Coming coming = {}) : kafka_(seed), coming_(coming) {
    kafka_.faults = faults;
    for (int32_t partition = 0; partition < SimulatedKafka::kPartitions; ++partition) {
      kafka_.observations[partition];
      for (int number = 0; number < kBlocks; ++number)
        kafka_.observations[partition][number * 2 + (number % 5 == 0)] = block_of(partition, number, coming_);
    }
  }

  Reading run() {
    for (int name = 0; name < 2; ++name)
      start(name);
    for (int i = 0; i < kActions && kafka_.faults; ++i)
      act();
    kafka_.faults = false;
    Reading outcome;
    int turns = 0;
    while (!finished() && outcome.failure.empty()) {
      if (++turns > kQuietMax) outcome.failure = "the lanes do not finish";
      for (const auto& process : processes_) {
        if (const Status status = turn(*process.second); !status) outcome.failure = status.error().to_string();
      }
    }
    for (const auto& alert : kafka_.alerts) {
      if (kafka_.transactions[alert.transaction].state == SimulatedKafka::Transaction::State::kCommitted)
        outcome.alerts.insert(alert.key + " " + alert.value);
    }
    for (const auto& [name, process] : processes_) {
      for (int32_t partition = 0; partition < SimulatedKafka::kPartitions; ++partition) {
        if (const auto digest = process->work.digest(partition, kBlocks * 2 - 1)) outcome.digests[partition] = *digest;
      }
      add(*process, outcome);
    }
    for (const auto& item : gone_)
      add(*item, outcome);
    return outcome;
  }

 private:
  static void add(const Process& process, Reading& outcome) {
    outcome.restores += process.score.restores.value();
    outcome.replayed += process.score.replayed_observations.value();
    outcome.aborted += process.counters.transactions_aborted.value();
  }
  void start(int name) {
    processes_[name] = std::make_unique<Process>(kafka_, next_id_++, name, coming_.order, now_);
    static_cast<void>(processes_[name]->lane.prepare());
  }
  Status turn(Process& process) {
    ++now_;
    kafka_.advance();
    return process.lane.step();
  }
  void act() {
    const int name = static_cast<int>(kafka_.pick(2));
    auto& process = processes_[name];
    if (kafka_.happens(0.03)) {  // kill -9, and a new life under the same name
      process->source.vanish();
      gone_.push_back(std::move(process));
      start(name);
    } else if (kafka_.happens(0.03)) {
      if (!kafka_.rebalancing) kafka_.request_rebalance();
    } else if (kafka_.happens(0.05)) {
      paused_ = name;  // a process that stands still for a while, and is given up
      pause_left_ = static_cast<int>(kafka_.pick(30));
    }
    if (pause_left_ > 0 && --pause_left_ > 0 && name == paused_) return;
    if (const Status status = turn(*processes_[name]); !status) FAIL(status.error().to_string());
  }
  [[nodiscard]] bool finished() {
    for (int32_t partition = 0; partition < SimulatedKafka::kPartitions; ++partition) {
      const int64_t end = kafka_.observations[partition].rbegin()->first + 1;
      if (kafka_.stable_committed(partition) != end) return false;
      const auto has_state = [&](const auto& item) { return item.second->work.digest(partition, end).has_value(); };
      if (std::none_of(processes_.begin(), processes_.end(), has_state)) return false;
    }
    return true;
  }

  SimulatedKafka kafka_;
  Coming coming_;
  int64_t now_ = 0;
  int next_id_ = 0;
  std::map<int, std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Process>> gone_;
  int paused_ = 0, pause_left_ = 0;
};

/// Runs with faults, each with a seed of its own, against one without.
void run_seeds(const Reading& wanted, uint64_t seeds, Coming coming) {
  pauses_take_time() = false;
  const char* seeds_text = std::getenv("WEIR_SIMULATION_SEEDS");
  const char* first_text = std::getenv("WEIR_SIMULATION_FIRST_SEED");
  if (seeds_text != nullptr) seeds = std::strtoull(seeds_text, nullptr, 10);
  const uint64_t first = first_text == nullptr ? 1 : std::strtoull(first_text, nullptr, 10);
  uint64_t restores = 0, replayed = 0, aborted = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Reading found = Simulation(seed, true, coming).run();
    restores += found.restores;
    replayed += found.replayed;
    aborted += found.aborted;
    const bool same = found.failure.empty() && found.alerts == wanted.alerts && found.digests == wanted.digests;
    if (same) continue;
    pauses_take_time() = true;
    size_t lost = 0, extra = 0;
    for (const auto& alert : wanted.alerts)
      lost += found.alerts.count(alert) == 0;
    for (const auto& alert : found.alerts)
      extra += wanted.alerts.count(alert) == 0;
    FAIL("seed " << seed << ": " << found.failure << " alerts " << found.alerts.size() << " of " << wanted.alerts.size()
                 << ", lost " << lost << ", foreign " << extra << ", digests "
                 << (found.digests == wanted.digests ? "equal" : "different") << " (" << found.digests.size()
                 << " states, " << found.restores << " restores, " << found.replayed << " replayed)"
                 << "; WEIR_SIMULATION_FIRST_SEED repeats it");
  }
  pauses_take_time() = true;
  // The faults did what they are there for.
  CHECK(restores > seeds);
  CHECK(replayed > seeds);
  CHECK(aborted > seeds);
}

Reading undisturbed(Coming coming) {
  pauses_take_time() = false;
  Reading wanted = Simulation(0, false, coming).run();
  pauses_take_time() = true;
  REQUIRE(wanted.failure.empty());
  REQUIRE(wanted.alerts.size() > 20);
  REQUIRE(wanted.digests.size() == 2);
  return wanted;
}

}  // namespace

TEST_CASE("whatever happens to the lanes, committed alerts and state are those of an undisturbed run",
          "[kafka][simulation]") {
  run_seeds(undisturbed({}), 1'500, {});
}

TEST_CASE("so they are where observations wait for their turn, and those of records that came in another order",
          "[kafka][simulation][order]") {
  const Coming mixed{ScoreOrder::kEventTime, true};
  const Reading wanted = undisturbed(mixed);
  CHECK(wanted.alerts == undisturbed({ScoreOrder::kEventTime, false}).alerts);
  run_seeds(wanted, 500, mixed);
}
