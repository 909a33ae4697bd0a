#include "lane/lane.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/catch.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

/// Copies every record to the topic "out"; can behave as a stage that keeps its output (score) or not (detect).
class CopyWork : public StageWork {
 public:
  explicit CopyWork(bool keeps) : keeps_(keeps) {}

  int processed = 0;
  std::vector<std::string> calls;
  Status process_result;

  Status process(std::span<const InputRecord> batch, RecordSource&, OutputTransaction& output,
                 Patience& patience) override {
    if (!process_result) return process_result;
    Status status;
    for (const InputRecord& record : batch) {
      ++processed;
      if (keeps_) kept_.emplace_back(record.payload);
      if (status) status = output.produce({"out", 0, {}, record.payload, {}}, patience);
    }
    return status;
  }
  Status quarantine(const InputRecord& record, const std::string&, OutputTransaction& output,
                    Patience& patience) override {
    if (keeps_) kept_.emplace_back("quarantined " + std::string(record.payload));
    return output.produce({"dead", 0, {}, record.payload, {}}, patience);
  }
  void on_committed(bool) override {
    calls.emplace_back("committed");
    kept_.clear();
  }
  bool can_reproduce() override { return keeps_; }
  Status reproduce(OutputTransaction& output, Patience& patience) override {
    for (const std::string& text : kept_) {
      if (Status status = output.produce({"out", 0, {}, text, {}}, patience); !status) return status;
    }
    return {};
  }
  size_t retained_bytes() const override { return 0; }
  [[nodiscard]] bool has_awaited_output() const override { return awaited; }
  bool awaited = false;
  bool restoring(RecordSource&, Patience&) override { return false; }
  Status on_assigned(std::span<AssignedPartition>, Patience&) override {
    calls.emplace_back("assigned");
    return {};
  }
  void on_revoked(bool committed) override {
    calls.emplace_back(committed ? "revoked, committed" : "revoked, not committed");
  }
  void tick() override {}

 private:
  bool keeps_;
  std::vector<std::string> kept_;
};

struct Fixture {
  explicit Fixture(bool keeps) : work(keeps) {
    batch.commit_interval = Milliseconds(5);
    output.source = &source;
    source.log[0] = {"a", "b", "c"};
    source.log[1] = {"d"};
  }
  void run_until(const std::function<bool()>& done) {
    Lane lane("test-0", source, output, work, batch, lines.sink(), counters);
    std::thread thread([&] { lane.run(); });
    // The fakes are read only after the thread has ended; the counters may be read at any time.
    const bool reached = wait_for(done);
    lane.request_stop();
    thread.join();
    failure = lane.failure();
    CHECK(reached);
  }
  std::string stored() const {
    std::string all;
    for (const auto& item : output.stored)
      all += item.value;
    return all;
  }

  BatchConfig batch;
  FakeSource source;
  FakeOutput output;
  CopyWork work;
  LogLines lines;
  KafkaCounters counters;
  Status failure;
};

}  // namespace

TEST_CASE("a lane commits its offsets together with its output", "[kafka]") {
  Fixture test(false);
  test.batch.commit_interval = Milliseconds(60'000);  // stopping commits what was worked on, whatever the interval
  std::atomic<bool> polled{false};
  test.source.before_poll.assign({[] {}, [&] { polled = true; }});
  test.run_until([&] { return polled.load(); });
  CHECK(test.stored() == "abcd");
  CHECK(test.source.committed[0] == 3);
  CHECK(test.source.committed[1] == 1);
  CHECK(test.failure);
}

TEST_CASE("a lane without kept output works again on its records when the output fails", "[kafka]") {
  Fixture test(false);
  test.output.commit_failures_left = 2;
  test.run_until([&] { return test.output.commits > 0; });
  CHECK(test.stored() == "abcd");
  CHECK(test.source.rewinds == 2);
  CHECK(test.output.aborts == 2);
  CHECK(test.work.processed == 12);
}

TEST_CASE("a lane with kept output produces it again and works on each record once", "[kafka]") {
  Fixture test(true);
  test.output.commit_failures_left = 2;
  test.output.produce_failures_left = 1;  // the first record's output is refused at once
  test.run_until([&] { return test.output.commits > 0; });
  CHECK(test.counters.output_retries.value() == 3);
  CHECK(test.source.rewinds == 0);
  CHECK(test.work.processed == 4);
  CHECK(test.stored() == "abcd");
  CHECK(test.source.committed[0] == 3);
}

TEST_CASE("a batch that came while no transaction could begin is not lost", "[kafka]") {
  for (const bool keeps : {false, true}) {
    Fixture test(keeps);
    test.output.begin_failures_left = 2;
    test.run_until([&] { return test.output.commits > 0; });
    CHECK(test.stored() == "abcd");
    CHECK(test.source.committed[0] == 3);
  }
}

TEST_CASE("a lane that stops while its output fails commits nothing", "[kafka]") {
  for (const bool keeps : {false, true}) {
    Fixture test(keeps);
    test.output.commit_failures_left = 1'000'000;
    test.run_until([&] { return test.counters.output_retries.value() >= 1; });
    CHECK(test.stored().empty());
    CHECK(test.source.committed.empty());
    CHECK(test.failure);
  }
}

TEST_CASE("offsets that could not be committed go with the next commit, without the output again", "[kafka]") {
  Fixture test(true);
  test.source.commit_result = fail(ErrorCode::kKafka, "test", "coordinator not available");
  std::atomic<bool> healed{false};
  test.source.before_poll.assign(20, [] { std::this_thread::sleep_for(Milliseconds(1)); });
  test.source.before_poll.push_back([&] {
    test.source.commit_result = Status();
    healed = true;
  });
  test.run_until([&] { return healed.load(); });
  CHECK(test.stored() == "abcd");
  CHECK(test.source.committed[0] == 3);
}

TEST_CASE("a revocation commits the work done, and an assignment is passed on", "[kafka]") {
  Fixture test(false);
  test.batch.commit_interval = Milliseconds(60'000);
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  std::atomic<bool> done{false};
  Status assigned = fail(ErrorCode::kKafka, "test", "not yet");
  test.source.before_poll.push_back([&] { assigned = lane.listener().on_assigned({}); });
  test.source.before_poll.push_back([&] {
    lane.listener().on_revoked(false);
    done = true;
  });
  std::thread thread([&] { lane.run(); });
  CHECK(wait_for([&] { return done.load(); }));
  lane.request_stop();
  thread.join();
  CHECK(assigned);
  CHECK(test.work.calls == std::vector<std::string>{"assigned", "committed", "revoked, committed"});
  CHECK(test.source.committed[0] == 3);
}

TEST_CASE("partitions that were lost are given up without a commit", "[kafka]") {
  Fixture test(false);
  test.batch.commit_interval = Milliseconds(60'000);
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  std::atomic<bool> done{false};
  test.source.before_poll.push_back([] {});
  test.source.before_poll.push_back([&] {
    lane.listener().on_revoked(true);
    done = true;
  });
  std::thread thread([&] { lane.run(); });
  CHECK(wait_for([&] { return done.load(); }));
  lane.request_stop();
  thread.join();
  CHECK(test.work.calls == std::vector<std::string>{"revoked, not committed"});
  CHECK(test.source.committed.empty());
}

TEST_CASE("an error that is not Kafka's ends the lane without a commit", "[kafka]") {
  Fixture test(false);
  test.work.process_result = fail(ErrorCode::kInternal, "detect", "no scratch memory");
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  lane.run();
  REQUIRE_FALSE(lane.failure());
  CHECK(lane.failure().error().detail == "no scratch memory");
  CHECK(lane.finished());
  CHECK_FALSE(lane.ready());
  CHECK(test.source.committed.empty());
}

TEST_CASE("output that readers wait for is committed soon by a lane that keeps up", "[kafka]") {
  Fixture test(false);
  test.batch.commit_interval = Milliseconds(60'000);
  test.work.awaited = test.output.transactional = true;
  test.batch.records_max = GENERATE(1, 100);
  test.run_until([&] { return test.output.commits.load() > 0; });
  CHECK(test.stored().size() == 4);
  CHECK(test.output.commits == 1);  // full batches are the sign of a backlog, which goes into one transaction
}

TEST_CASE("a lane does not hurry where nobody waits for the end of the transaction", "[kafka]") {
  Fixture test(false);
  test.batch.commit_interval = Milliseconds(60'000);
  const bool transactional = GENERATE(false, true);
  test.output.transactional = transactional;
  test.work.awaited = !transactional;
  std::atomic<bool> polled{false};
  test.source.before_poll.assign({[] {}, [&] { polled = true; }});
  const auto start = std::chrono::steady_clock::now();
  test.run_until([&] { return polled && std::chrono::steady_clock::now() - start > Milliseconds(400); });
  CHECK(test.output.commits == 1);
  CHECK(test.source.committed[0] == 3);  // at the stop
}

namespace {

/// A process that crashes at these records of partition 0.
void crash_at(const std::string& folder, int64_t first, int64_t last) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    auto journal = CrashJournal::open(folder, "group", 3, [](LogLevel, std::string_view) {});
    const std::string topic = "in";
    const auto guard = (*journal)->guard(0, TopicTable{topic});
    guard->attach();
    const std::vector<InputRecord> batch{{0, 0, first, {}, {}, {}, nullptr}, {0, 0, last, {}, {}, {}, nullptr}};
    guard->enter(batch);
    std::raise(SIGSEGV);
  }
  int status = 0;
  waitpid(child, &status, 0);
}

}  // namespace

TEST_CASE("a record at which the process crashed three times is set aside, the others are worked on", "[kafka]") {
  const bool keeps = GENERATE(false, true);
  std::string folder = (std::filesystem::temp_directory_path() / "weir-lane-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  crash_at(folder, 0, 2);
  crash_at(folder, 1, 1);
  crash_at(folder, 1, 1);
  Fixture test(keeps);
  {
    const auto journal = CrashJournal::open(folder, "group", 3, test.lines.sink());
    REQUIRE(journal);
    const std::string topic = "in";
    const auto guard = (*journal)->guard(0, TopicTable{topic});
    Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
    lane.set_guard(guard.get());
    std::thread thread([&] { lane.run(); });
    CHECK(wait_for([&] { return test.output.commits.load() > 0; }));
    lane.request_stop();
    thread.join();
    CHECK(lane.failure());
  }
  std::filesystem::remove_all(folder);
  CHECK(test.stored() == "abcd");
  REQUIRE(test.output.stored.size() == 4);
  for (const auto& item : test.output.stored)
    CHECK(item.topic == (item.value == "b" ? "dead" : "out"));
  CHECK(test.work.processed == 3);
  CHECK(test.source.committed[0] == 3);
}

TEST_CASE("a lane that gets none of its unread records says so, counts it and makes its client anew", "[lane][watch]") {
  Fixture test(false);
  test.source.log.clear();
  test.source.unread_records = RecordSource::Unread::kSome;
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  lane.supervise_with({Milliseconds(200), Milliseconds(300)});
  std::vector<AssignedPartition> assignment{{0, 0, 0, 0, 0}};
  test.source.before_poll.assign({[&] { static_cast<void>(lane.listener().on_assigned(assignment)); }});
  std::thread thread([&] { lane.run(); });
  // A lane whose thread begins late may have stalled once before, for want of partitions.
  const auto has_said_so = [&] {
    return test.lines.text().find("has unread records and gets none") != std::string::npos;
  };
  CHECK(wait_for([&] { return test.counters.stalls.value() > 0 && lane.stalled() && has_said_so(); }));
  CHECK(wait_for([&] { return lane.heartbeat_age() > Milliseconds(5); }));  // as a hanging lane
  lane.request_stop();
  thread.join();
  CHECK(test.source.renewals > 0);
  CHECK(has_said_so());
}

TEST_CASE("a lane that lost its partitions and hears nothing of its group makes its client anew", "[lane][watch]") {
  Fixture test(false);
  test.source.log.clear();
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  lane.supervise_with({Milliseconds(1), Milliseconds(2)});
  std::vector<AssignedPartition> assignment{{0, 0, 0, 0, 0}};
  test.source.before_poll.assign(
      {[&] { static_cast<void>(lane.listener().on_assigned(assignment)); }, [&] { lane.listener().on_revoked(true); }});
  std::thread thread([&] { lane.run(); });
  CHECK(wait_for([&] { return test.counters.stalls.value() > 0; }));
  lane.request_stop();
  thread.join();
  CHECK(test.source.renewals > 0);
  CHECK(test.lines.text().find("hears nothing of its group") != std::string::npos);
}

TEST_CASE("a lane without unread records never stalls, and one that gets on again has not stalled any more",
          "[lane][watch]") {
  Fixture test(false);
  test.source.log.clear();
  Lane lane("test-0", test.source, test.output, test.work, test.batch, test.lines.sink(), test.counters);
  lane.supervise_with({Milliseconds(1), Milliseconds(2)});
  std::vector<AssignedPartition> assignment{{0, 0, 0, 0, 0}};
  int polls = 0;
  uint64_t stalls_before = 0;  // of a lane whose thread begins late
  std::atomic<bool> done{false}, stalled_early{false};
  const auto again = [&](auto& self) -> void {
    const bool has_stalled = test.counters.stalls.value() > stalls_before;
    if (++polls == 30) test.source.unread_records = RecordSource::Unread::kSome;
    if (polls <= 30 && has_stalled) stalled_early = true;
    if (has_stalled && test.source.log.empty()) {
      static_cast<void>(lane.listener().on_assigned(assignment));
      test.source.log[0] = {"a"};
      test.source.unread_records = RecordSource::Unread::kNone;
      done = true;
      return;
    }
    std::this_thread::sleep_for(Milliseconds(50));
    test.source.before_poll.push_back([&self] { self(self); });
  };
  test.source.before_poll.assign({[&] {
    static_cast<void>(lane.listener().on_assigned(assignment));
    stalls_before = test.counters.stalls.value();
    again(again);
  }});
  std::thread thread([&] { lane.run(); });
  CHECK(wait_for([&] { return done && !lane.stalled(); }));
  lane.request_stop();
  thread.join();
  CHECK_FALSE(stalled_early);
  CHECK(test.stored() == "a");
}
