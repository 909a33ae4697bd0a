#include "kafka/engine.h"

#include <librdkafka/rdkafka.h>

#include <functional>
#include <set>

#include "alert/ocsf.h"
#include "base/catch.h"
#include "kafka/client_options.h"
#include "kafka/embedded_broker.h"
#include "kafka/record_feeder.h"
#include "kafka/topic_reader.h"
#include "lane/lane.h"
#include "lane/test_support.h"
#include "rules/loader.h"

using namespace weir;
using namespace weir::test;

namespace {

constexpr const char* kRules = R"(
title: A tautology after a quote
id: 11111111-1111-4111-8111-111111111111
status: test
description: For these tests.
logsource: {category: webserver}
detection:
  selection:
    weir.param|contains: "' or 1=1"
  condition: selection
level: high
weir:
  category: sqli
  weight: 12
)";

std::shared_ptr<const RuleSet> compiled_rules() {
  Diagnostics diagnostics;
  const auto rules = parse_rules(kRules, "test.yml", diagnostics);
  auto compiled = RuleSet::compile(rules, {}, diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(compiled);
  return *compiled;
}

std::string record(int number, const std::string& client, const std::string& query) {
  const std::string second = std::to_string(10 + number % 50);
  return R"({"ts":"2025-01-15T10:00:)" + second + R"(.000Z","request_id":"r)" + std::to_string(number) +
         R"(","client_id":")" + client + R"(","ip":"192.0.2.1","method":"GET","path":"/search","query":")" + query +
         R"(","status":200,"user_agent":"Mozilla/5.0"})";
}

struct Fixture {
  Fixture() : rules(compiled_rules()) {
    const std::vector<EmbeddedBroker::Topic> topics{
        {"http.requests", 2}, {"weir.observations", 4}, {"weir.alerts", 2}, {"weir.deadletter", 1}};
    auto started = EmbeddedBroker::start(topics, lines.sink());
    REQUIRE(started);
    broker = std::move(*started);
    options.delivery = Delivery::kAtLeastOnce;  // the embedded broker isolates no transactions
    options.checks_topic_settings = false;      // nor does it tell them
    options.kafka.bootstrap_servers = broker->bootstrap_servers();
    options.kafka.session_timeout = Milliseconds(6'000);
    options.kafka.topics.create = TopicCreation::kNever;
    options.kafka.topics.observations_partitions = 4;
    options.lanes = {1, 1};
    options.batch.commit_interval = Milliseconds(50);
    options.analyzer.input.profile = *InputProfile::built_in("flat");
    options.alert_encoder = std::make_shared<OcsfEncoder>("test", options.kafka.topics.requests);
    client = {options.kafka, memory_per_lane(options.memory, 1), lines.sink()};
    auto made = RecordFeeder::create(client);
    REQUIRE(made);
    feeder = std::move(*made);
  }

  void start() {
    auto started = Engine::start(options, rules, lines.sink());
    if (!started) FAIL(started.error().to_string());
    engine = std::move(*started);
  }
  void start_and_wait() {
    start();
    const bool ready = wait_for([&] { return engine->ready(); });
    INFO(engine->unhealthy_reason());
    REQUIRE(ready);
  }
  void feed(int first, int count, const std::string& query) {
    for (int i = first; i < first + count; ++i) {
      REQUIRE(feeder->produce("http.requests", "", record(i, "client-" + std::to_string(i), query), i % 2));
    }
    REQUIRE(feeder->flush(Milliseconds(60'000)));
  }
  /// A counter summed over the lanes.
  uint64_t observed() const {
    uint64_t sum = 0;
    for (const auto& lane : engine->counters())
      sum += lane.score == nullptr ? 0 : lane.score->observations.value();
    return sum;
  }
  uint64_t kafka_sum(Counter KafkaCounters::*counter) const {
    uint64_t sum = 0;
    for (const auto& lane : engine->counters())
      sum += (lane.kafka->*counter).value();
    return sum;
  }
  Status stop() {
    engine->request_stop();
    return engine->join();
  }
  std::vector<TopicRecord> read(const std::string& topic, size_t count) {
    std::vector<TopicRecord> found;
    read_until(topic, [&](TopicRecord& record) {
      found.push_back(std::move(record));
      return found.size() >= count;
    });
    return found;
  }
  /// Reads until a record is the last one that is wanted.
  void read_until(const std::string& topic, const std::function<bool(TopicRecord&)>& is_last) {
    auto reader = TopicReader::open(client, {&topic, 1}, TopicReader::Start::kBeginning);
    REQUIRE(reader);
    wait_for([&] {
      auto next = (*reader)->next(Milliseconds(100));
      return next && *next && is_last(**next);
    });
  }

  LogLines lines;
  RuleSlot rules;
  std::unique_ptr<EmbeddedBroker> broker;
  EngineOptions options;
  ClientOptions client;
  std::unique_ptr<RecordFeeder> feeder;
  std::unique_ptr<Engine> engine;
};

}  // namespace

TEST_CASE("records become alerts through both stages, and a bad record a dead letter", "[kafka][mock]") {
  Fixture test;
  test.start_and_wait();
  const auto start = std::chrono::steady_clock::now();
  test.feed(0, 20, "q=books");
  REQUIRE(test.feeder->produce("http.requests", "the-key", "{\"ts\":", 0));
  REQUIRE(test.feeder->produce("http.requests", "", record(21, "mallory", "q=1%27%20or%201%3D1"), 1));
  REQUIRE(test.feeder->flush(Milliseconds(60'000)));
  test.feed(22, 20, "q=music");
  REQUIRE(wait_for([&] { return test.observed() == 41; }));

  const auto alerts = test.read("weir.alerts", 1);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().key == "mallory");
  CHECK(alerts.front().value.find("\"class_uid\":2004") != std::string::npos);
  CHECK_FALSE(alerts.front().header("ce_id").empty());

  const auto letters = test.read("weir.deadletter", 1);
  REQUIRE(letters.size() == 1);
  CHECK(letters.front().value == "{\"ts\":");
  CHECK(letters.front().key == "the-key");
  CHECK(letters.front().header("__connect.errors.topic") == "http.requests");
  CHECK(letters.front().header("__connect.errors.partition") == "0");
  CHECK(letters.front().header("__connect.errors.offset") == "10");
  CHECK(letters.front().header("__connect.errors.stage") == "detect");
  CHECK(letters.front().header("__connect.errors.exception.class.name") == "missing_field");

  CHECK(test.kafka_sum(&KafkaCounters::dead_letters) == 1);
  // Both stages on one machine: a latency beyond the time since the record was fed would be a wrong clock or unit.
  const auto& latency = test.engine->counters().back().kafka->alert_latency_seconds;
  const auto timed = [&] {
    uint64_t sum = 0;
    for (size_t i = 0; i <= kLatencySecondsBounds.size(); ++i)
      sum += latency.count(i);
    return sum;
  };
  CHECK(wait_for([&] { return timed() == 1 && latency.sum() > 0; }));  // counted before it is summed up
  const std::chrono::duration<double> since_fed = std::chrono::steady_clock::now() - start;
  CHECK(latency.sum() < since_fed.count() + 1);
  CHECK(test.stop());
}

TEST_CASE("a restart goes on at the committed offsets: each record is observed once", "[kafka][mock]") {
  Fixture test;
  test.start_and_wait();
  test.feed(0, 100, "q=books");
  REQUIRE(wait_for([&] { return test.observed() == 100; }));
  bool in_time = false;
  for (int trial = 0; trial < 3 && !in_time; ++trial) {  // a busy machine may exceed the time once
    if (trial > 0) test.start_and_wait();
    const auto start = std::chrono::steady_clock::now();
    CHECK(test.stop());
    in_time = std::chrono::steady_clock::now() - start < std::chrono::seconds(10);
    test.engine.reset();
  }
  CHECK(in_time);

  test.feed(100, 50, "q=books");
  test.start_and_wait();
  test.feed(150, 50, "q=books");
  REQUIRE(wait_for([&] { return test.observed() >= 100; }));
  std::this_thread::sleep_for(Milliseconds(500));
  CHECK(test.observed() == 100);
  CHECK(test.stop());
}

TEST_CASE("refused output is sent again until it is stored, and only then are offsets committed", "[kafka][mock]") {
  Fixture test;
  test.feed(0, 30, "q=1%27%20or%201%3D1");
  // Before the engine starts, so that the errors hit its lanes and not the feeder.
  test.broker->fail_produce_requests(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 4);
  test.start();
  REQUIRE(wait_for([&] { return test.observed() >= 30; }));
  std::set<std::string> clients;  // what was sent again may be there twice
  test.read_until("weir.alerts", [&](const TopicRecord& item) {
    clients.insert(item.key);
    return clients.size() >= 30;
  });
  CHECK(clients.size() == 30);
  CHECK(test.kafka_sum(&KafkaCounters::output_retries) >= 1);
  CHECK(test.kafka_sum(&KafkaCounters::delivery_errors) >= 1);
  CHECK(wait_for([&] { return test.engine->ready(); }));
  CHECK(test.stop());
}

TEST_CASE("failed offset commits are counted and tried again", "[kafka][mock]") {
  Fixture test;
  test.start_and_wait();
  test.broker->fail_offset_commits(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 2);
  test.feed(0, 50, "q=books");
  REQUIRE(wait_for([&] { return test.observed() == 50; }));
  REQUIRE(wait_for([&] { return test.kafka_sum(&KafkaCounters::commit_failures) == 2; }));
  CHECK(test.stop());
  CHECK(test.kafka_sum(&KafkaCounters::commits) >= 2);
  test.engine.reset();
  test.start_and_wait();
  test.feed(50, 10, "q=books");
  REQUIRE(wait_for([&] { return test.observed() >= 10; }));
  std::this_thread::sleep_for(Milliseconds(300));
  CHECK(test.observed() == 10);
  CHECK(test.stop());
}

TEST_CASE("a broker outage makes the engine unready, and it goes on afterwards without loss", "[kafka][mock]") {
  Fixture test;
  test.start_and_wait();
  test.feed(0, 20, "q=books");
  REQUIRE(wait_for([&] { return test.observed() == 20; }));
  test.broker->set(EmbeddedBroker::Reachability::kDown);
  REQUIRE(wait_for([&] { return !test.engine->ready(); }));
  CHECK(wait_for([&] { return !test.engine->unhealthy_reason().empty(); }));
  CHECK(wait_for([&] { return test.engine->oldest_heartbeat() < Milliseconds(3'000); }));
  test.broker->set(EmbeddedBroker::Reachability::kUp);
  REQUIRE(wait_for([&] { return test.engine->ready(); }));
  test.feed(20, 20, "q=books");
  CHECK(wait_for([&] { return test.observed() >= 40; }));
  CHECK(test.stop());
}

// A lane gives up waiting after Lane::kShutdownMax and then leaves its group; the daemon allows all of them together twice that. What the
// library takes to let go of its clients after that has no bound, and the daemon waits for it two seconds at most (TeardownDeadline):
// here it is that it ends at all, though what the lanes said last of their sources is confirmed by nobody.
TEST_CASE("lanes stop during a broker outage, and their clients end", "[kafka][mock]") {
  bool in_time = false;
  for (int trial = 0; trial < 3 && !in_time; ++trial) {  // a busy machine may exceed the time once
    Fixture test;
    test.start_and_wait();
    test.broker->set(EmbeddedBroker::Reachability::kDown);
    REQUIRE(wait_for([&] { return !test.engine->ready(); }));
    const auto start = std::chrono::steady_clock::now();
    CHECK(test.stop());
    in_time = std::chrono::steady_clock::now() - start < 2 * Lane::kShutdownMax;
    test.engine.reset();
  }
  CHECK(in_time);
}

TEST_CASE("the lag of every partition is published", "[kafka][mock]") {
  Fixture test;
  test.start_and_wait();
  test.feed(0, 20, "q=books");
  const auto detect_lag = [&] { return test.engine->counters().front().kafka->lag.entries(); };
  CHECK(wait_for([&] { return detect_lag().size() == 2; }));
  REQUIRE(wait_for([&] { return test.observed() == 20; }));
  CHECK(wait_for([&] {
    uint64_t behind = 0;
    for (const auto& item : detect_lag())
      behind += item.records;
    return detect_lag().size() == 2 && behind == 0;
  }));
  CHECK(test.stop());
}

TEST_CASE("start-up names a missing topic and does not wait for it", "[kafka][mock]") {
  Fixture test;
  test.options.kafka.topics.requests = {"not.there"};
  const auto started = Engine::start(test.options, test.rules, test.lines.sink());
  REQUIRE_FALSE(started);
  CHECK(started.error().detail.find("not.there") != std::string::npos);
}

TEST_CASE("an unreachable broker at start-up is one error that names what to fix", "[kafka]") {
  Fixture test;
  test.options.kafka.bootstrap_servers = "127.0.0.1:1";
  test.options.broker_timeout = Milliseconds(1'000);
  // On a busy machine the refusal may come after the time that the engine waits for it.
  CHECK(wait_for([&] {
    const auto started = Engine::start(test.options, test.rules, test.lines.sink());
    REQUIRE_FALSE(started);
    return started.error().detail.find("kafka.bootstrap_servers") != std::string::npos;
  }));
}

TEST_CASE("the lag table gives back what was set, and never mixes entries", "[kafka]") {
  LagTable table;
  table.set(0, {0, 0, 0});
  table.set(1, {255, 1'000'000, 123'456'789'012});
  table.set(2, {3, 7, 5});
  table.set(LagTable::kEntriesMax, {1, 1, 1});
  table.set(3, {0, 1, UINT64_MAX});
  const auto entries = table.entries();
  REQUIRE(entries.size() == 4);
  CHECK(entries[1].topic == 255);
  CHECK(entries[1].partition == 1'000'000);
  CHECK(entries[1].records == LagTable::kRecordsMax);
  CHECK(entries[2].records == 5);
  table.clear_from(1);
  CHECK(table.entries().size() == 1);
}
