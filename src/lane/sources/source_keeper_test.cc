#include "lane/sources/source_keeper.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "base/binary_format.h"
#include "base/catch.h"
#include "evidence/packed_evidence.h"
#include "lane/block_router.h"
#include "lane/test_support.h"
#include "pipeline/observation_block.h"
#include "score/scorer.h"

// A backlog of an hour is read from partitions that stand at different times, by one lane or several, with the default lateness.
// What must come of it are the alerts of live reading.

using namespace weir;
using namespace weir::test;

namespace {

constexpr int64_t kBegin = 1'700'000'000'000;
constexpr int64_t kSpan = 3'600'000;
constexpr int64_t kReadLive = 35 * 60'000;  // within episodes of the attackers
constexpr int64_t kYear = int64_t{365} * 24 * 3'600'000;
constexpr int32_t kInputs = 8;
constexpr int32_t kTargets = 4;

struct Request {
  int64_t time_ms = 0;
  int client = 0;
  int address = 0;
  bool attack = false;
};

/// By input partition, in the order of arrival. Clients are keyed to a partition, addresses are not. Partitions carry uneven loads.
using Traffic = std::map<int32_t, std::vector<Request>>;

Traffic make_traffic(uint64_t seed) {
  std::mt19937_64 chance(seed);
  const auto below = [&](uint64_t limit) { return static_cast<int64_t>(chance() % limit); };
  Traffic traffic;
  for (int client = 0; client < 160; ++client) {
    const int32_t input = client % kInputs;
    const int64_t gap = 10'000 + input * 12'000;
    const bool attacks = client % 4 == 1;
    for (int64_t at = below(static_cast<uint64_t>(gap)); at < kSpan; at += 1 + below(static_cast<uint64_t>(2 * gap))) {
      // An attacker comes for some minutes, goes, and comes again.
      const bool in_episode = at / 600'000 % 2 == client % 2;
      traffic[input].push_back({kBegin + at, client, client % 40, attacks && in_episode});
    }
  }
  // Addresses in bursts, their requests spread over the clients of all partitions.
  for (int burst = 0; burst < 6; ++burst) {
    const int64_t begin = burst * 550'000 + 100'000;
    for (int i = 0; i < 200; ++i) {
      const int client = i % 160;
      traffic[client % kInputs].push_back({kBegin + begin + i * 100, client, 100 + burst, false});
    }
  }
  for (auto& [input, requests] : traffic)
    std::stable_sort(requests.begin(), requests.end(),
                     [](const Request& a, const Request& b) { return a.time_ms < b.time_ms; });
  return traffic;
}

/// One in a hundred comes from a client of its own whose clock is a year ahead.
Traffic with_wrong_clocks(Traffic traffic) {
  for (auto& [input, requests] : traffic) {
    for (size_t i = 40; i < requests.size(); i += 100)
      requests.insert(requests.begin() + static_cast<std::ptrdiff_t>(i),
                      {requests[i].time_ms + kYear, 1'000 + static_cast<int>(i % 7), 900, true});
  }
  return traffic;
}

/// Offsets are those of the traffic with wrong clocks, so that alerts have the same identities with and without.
std::string payload_of(const Request& request) {
  return std::to_string(request.client) + " " + std::to_string(request.address) + " " +
         std::to_string(request.time_ms) + (request.attack ? " 1" : " 0");
}

std::string packed_attack() {
  Evidence evidence;
  evidence.method = "GET";
  EvidenceHit hit;
  hit.rule_id = "rule";
  evidence.hits.push_back(hit);
  std::string packed;
  pack_evidence(evidence, packed);
  return packed;
}

/// The score side: blocks in the order in which they come.
class Scoring : public OutputTransaction {
 public:
  Scoring() {
    const std::vector<std::string> topics{"requests"};
    ScoreOptions options;
    options.clients_max = 10'000;
    for (int32_t i = 0; i < kTargets; ++i)
      scorers_.emplace_back(options, topics);
  }
  int64_t wall_ms = kBegin + 10 * kSpan;
  std::multiset<std::string> alerts;
  std::vector<SourceBoard*> hears;

  Status prepare(Patience&) override { return {}; }
  Status begin(Patience&) override { return {}; }
  Status produce(const OutputMessage& message, Patience&) override {
    REQUIRE(decode_block(message.value, block_));
    Scorer& scorer = scorers_[static_cast<size_t>(message.partition)];
    std::vector<Alert> found;
    if (!block_.sources.empty()) scorer.take_sources(block_.sources, wall_ms);
    for (const Observation& observation : block_.observations) {
      const uint64_t late_before = scorer.statistics().bursts_late;
      scorer.observe({&observation, 1}, found);
      if (!has_wrong_clock(observation.client)) late_ += scorer.statistics().bursts_late - late_before;
    }
    if (!block_.sources.empty()) scorer.follow_sources(found);
    for (SourceBoard* board : hears)
      board->hear(block_.sources, SourceBoard::Clock::time_point(Milliseconds(wall_ms)));
    take(found);
    return {};
  }
  CommitOutcome commit(std::span<const PartitionOffset>, Patience&) override { return CommitOutcome::kCommitted; }
  void abort(Patience&) override {}
  [[nodiscard]] bool offsets_failed() const override { return false; }

  uint64_t finish() {
    std::vector<Alert> found;
    for (Scorer& scorer : scorers_)
      scorer.finish(found);
    take(found);
    return late_;
  }

 private:
  /// Its records have the time of whatever source brings them.
  static bool has_wrong_clock(std::string_view client) {
    return (client.starts_with("client-10") && client.size() == 11) || client == "192.0.3.132";
  }
  void take(const std::vector<Alert>& found) {
    for (const Alert& alert : found) {
      if (has_wrong_clock(alert.client)) continue;
      alerts.insert(alert.client + " " + std::string(to_string(alert.kind)) + " " +
                    std::string(to_string(alert.phase)) + " " + std::to_string(alert.count) + " " + alert.id);
    }
  }
  std::vector<Scorer> scorers_;
  ObservationBlock block_;
  uint64_t late_ = 0;
};

/// One detect lane, without the analyzer.
class DetectLane {
 public:
  DetectLane(SourceBoard& board, size_t number, const std::vector<int32_t>& inputs, Scoring& scoring)
      : keeper_(board, number, {kInputs}, kTargets, kafka_), router_("obs", kTargets), scoring_(scoring) {
    router_.say_sources([this](int32_t target) { return keeper_.reports_for(target, now()); });
    std::vector<AssignedPartition> assigned;
    for (const int32_t input : inputs) {
      assigned.push_back({0, input, 0, 0, 0});
      source.log[input];
    }
    keeper_.assigned(assigned, now());
  }
  FakeSource source;
  Counter records;  // analysed
  EventTime wall{Milliseconds(kBegin + 10 * kSpan)};
  KafkaCounters kafka_;

  void step(uint32_t records_max) {
    scoring_.wall_ms += 20;
    keeper_.steer(source, now());
    const auto batch = source.poll(records_max, Milliseconds(0), Milliseconds(0));
    std::vector<RawRecord> raw;
    AnalyzedBatch analyzed;
    std::deque<std::string> names;
    for (const InputRecord& record : batch)
      raw.push_back({record.payload, EventTime::max(), {0, record.partition, record.offset}});
    const auto unknown = keeper_.unknown_of(raw);
    records.add(unknown.size());
    for (const RawRecord& record : unknown)
      observe(record, analyzed, names);
    keeper_.join(raw, analyzed);
    keeper_.take(raw, analyzed, source, now(), wall);
    keeper_.report(source, now());
    REQUIRE(router_.route(analyzed.observations, {}, scoring_, patience_));
    while (const auto target = keeper_.target_to_tell(now()))
      REQUIRE(router_.tell(*target, keeper_.reports_for(*target, now()), {}, scoring_, patience_));
    source.batch_done();
  }
  [[nodiscard]] bool done() {
    const auto& log = source.log;
    return std::all_of(log.begin(), log.end(), [&](const auto& item) { return source.at_end(0, item.first); });
  }

 private:
  [[nodiscard]] SourceKeeper::Clock::time_point now() const {
    return SourceKeeper::Clock::time_point(Milliseconds(scoring_.wall_ms));
  }
  void observe(const RawRecord& raw, AnalyzedBatch& analyzed, std::deque<std::string>& names) {
    int client = 0, address = 0, attack = 0;
    long long time_ms = 0;
    REQUIRE(std::sscanf(std::string(raw.payload).c_str(), "%d %d %lld %d", &client, &address, &time_ms, &attack) == 4);
    Observation observation;
    observation.at = raw.at;
    observation.time = EventTime(Milliseconds(time_ms));
    observation.client_kind = ClientKind::kCustomer;
    observation.client = names.emplace_back("client-" + std::to_string(client));
    observation.client_hash = static_cast<uint64_t>(client) * 7'919;
    observation.address =
        *IpAddress::parse("192.0." + std::to_string(address / 256) + "." + std::to_string(address % 256));
    observation.status = 200;
    observation.path_hash = 5;
    if (attack != 0) {
      BinaryReader in(packed_);
      observation.evidence = *read_packed_evidence(in);
    }
    analyzed.observations.push_back(observation);
    observation.evidence = {};
    observation.client_kind = ClientKind::kAddress;
    observation.client = names.emplace_back(observation.address.to_string());
    observation.path_hash = observation.client_hash;
    observation.client_hash = static_cast<uint64_t>(address) * 104'729 + 3;
    observation.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
    analyzed.observations.push_back(observation);
  }

  SourceKeeper keeper_;
  BlockRouter router_;
  Scoring& scoring_;
  Unlimited patience_;
  const std::string packed_ = packed_attack();
};

struct Reading {
  std::multiset<std::string> alerts;
  uint64_t late = 0, wrong_clocks = 0, holds = 0, records = 0;
  int questions = 0;  // for the ends
};

/// Each second's records are read in that second.
Reading read_live(const Traffic& traffic) {
  Scoring scoring;
  SourceBoard board(Milliseconds(30'000));
  DetectLane lane(board, 0, {0, 1, 2, 3, 4, 5, 6, 7}, scoring);
  std::map<int32_t, size_t> next;
  for (int64_t now = kBegin; now < kBegin + kSpan + 1'000; now += 1'000) {
    for (const auto& [input, requests] : traffic) {
      size_t& at = next[input];
      for (; at < requests.size() && requests[at].time_ms % kYear < now % kYear; ++at)
        lane.source.log[input].push_back(payload_of(requests[at]));
    }
    scoring.wall_ms += 1'000;
    lane.wall = EventTime(Milliseconds(now));
    do
      lane.step(512);
    while (!lane.done());
  }
  Reading result{
      {}, scoring.finish(), lane.kafka_.wrong_clocks.value(), lane.kafka_.holds.value(), lane.records.value()};
  result.alerts = scoring.alerts;
  return result;
}

/// All of it is there at once. A lane reads one partition as far as it may before it turns to the next.
Reading read_backlog(const Traffic& traffic, const std::vector<std::vector<int32_t>>& lanes, uint64_t seed,
                     bool one_process) {
  std::mt19937_64 chance(seed);
  Scoring scoring;
  std::deque<SourceBoard> boards;
  std::deque<DetectLane> detect;
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (i == 0 || !one_process) scoring.hears.push_back(&boards.emplace_back(Milliseconds(30'000)));
    detect.emplace_back(boards.back(), one_process ? i : 0, lanes[i], scoring);
    for (const int32_t input : lanes[i]) {
      for (const Request& request : traffic.at(input))
        detect.back().source.log[input].push_back(payload_of(request));
    }
  }
  const auto all_done = [&] {
    return std::all_of(detect.begin(), detect.end(), [](auto& item) { return item.done(); });
  };
  int turns = 0;
  while (!all_done() && ++turns < 200'000)
    detect[chance() % detect.size()].step(static_cast<uint32_t>(1 + chance() % 512));
  CHECK(all_done());
  for (int i = 0; i < 100; ++i)
    for (auto& item : detect)
      item.step(512);
  Reading result{{}, scoring.finish(), 0, 0, 0};
  for (const auto& item : detect) {
    result.holds += item.kafka_.holds.value();
    result.wrong_clocks += item.kafka_.wrong_clocks.value();
    result.records += item.records.value();
  }
  result.alerts = scoring.alerts;
  return result;
}

/// Reads what there is until `read_live_ms` as it comes. Then the rest of the hour is there at once, and arrives partition by
/// partition, which takes a while.
class ArrivingAtOnce {
 public:
  ArrivingAtOnce(const Traffic& traffic, const std::vector<std::vector<int32_t>>& lanes, int64_t read_live_ms)
      : traffic_(traffic), lanes_(lanes), board_(Milliseconds(30'000)) {
    scoring_.hears.push_back(&board_);
    for (size_t i = 0; i < lanes.size(); ++i) {
      DetectLane& lane = lanes_read_.emplace_back(board_, i, lanes[i], scoring_);
      lane.source.end_of = [this](int32_t input) {
        return static_cast<int64_t>(are_all_there_ ? traffic_.at(input).size() : next_[input]);
      };
    }
    for (int64_t now = kBegin; now <= kBegin + read_live_ms; now += 1'000) {
      for (size_t i = 0; i < lanes.size(); ++i) {
        lanes_read_[i].wall = EventTime(Milliseconds(now));
        for (const int32_t input : lanes[i])
          fetch(lanes_read_[i], input, now);
      }
      scoring_.wall_ms += 1'000;
      for (int step = 0; step < 20; ++step)
        step_all();
    }
  }

  void arrive() {
    are_all_there_ = true;
    for (size_t i = 0; i < lanes_.size(); ++i) {
      lanes_read_[i].wall = EventTime(Milliseconds(kBegin + 10 * kSpan));
      for (const int32_t input : lanes_[i]) {
        fetch(lanes_read_[i], input, kBegin + 2 * kSpan);
        for (int step = 0; step < 200; ++step)
          step_all();
      }
    }
  }
  void doubt_ends(bool doubted) {
    for (DetectLane& lane : lanes_read_)
      lane.source.doubts_ends = doubted;
  }
  void stand_still(Milliseconds time) { scoring_.wall_ms += time.count(); }

  Reading finish() {
    for (int i = 0; i < 20'000; ++i)
      step_all();
    CHECK(std::all_of(lanes_read_.begin(), lanes_read_.end(), [](DetectLane& lane) { return lane.done(); }));
    Reading result{{}, scoring_.finish(), 0, 0, 0};
    result.alerts = scoring_.alerts;
    for (const DetectLane& lane : lanes_read_)
      result.questions += lane.source.end_questions;
    return result;
  }

 private:
  void fetch(DetectLane& lane, int32_t input, int64_t until_ms) {
    const std::vector<Request>& requests = traffic_.at(input);
    for (size_t& at = next_[input]; at < requests.size() && requests[at].time_ms < until_ms; ++at)
      lane.source.log[input].push_back(payload_of(requests[at]));
  }
  void step_all() {
    for (DetectLane& lane : lanes_read_)
      lane.step(512);
  }

  const Traffic& traffic_;
  const std::vector<std::vector<int32_t>> lanes_;
  Scoring scoring_;
  SourceBoard board_;
  std::deque<DetectLane> lanes_read_;
  std::map<int32_t, size_t> next_;
  bool are_all_there_ = false;
};

/// A process that has read all there was stands still, for so short a time that ends told before would still count.
Reading read_after_standstill(const Traffic& traffic, const std::vector<std::vector<int32_t>>& lanes) {
  ArrivingAtOnce reading(traffic, lanes, kReadLive);
  reading.stand_still(Milliseconds(6'000));
  reading.doubt_ends(true);
  reading.arrive();
  reading.doubt_ends(false);
  return reading.finish();
}

void check_same(const Reading& found, const Reading& wanted) {
  size_t lost = 0, extra = 0;
  for (const std::string& alert : wanted.alerts)
    lost += found.alerts.count(alert) == 0;
  for (const std::string& alert : found.alerts)
    extra += wanted.alerts.count(alert) != found.alerts.count(alert);
  CHECK(lost == 0);
  CHECK(extra == 0);
  CHECK(found.alerts.size() == wanted.alerts.size());
  CHECK(found.late == 0);
}

/// Ten records of ten clients.
std::vector<SourceEstimate::Next> following(int64_t time_ms) {
  std::vector<SourceEstimate::Next> records;
  for (uint64_t i = 0; i < 10; ++i)
    records.push_back({1'000 + i, time_ms});
  return records;
}

}  // namespace

TEST_CASE("an hour's backlog on uneven partitions gives the alerts of live reading", "[lane][sources]") {
  for (const uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    const Traffic traffic = make_traffic(seed);
    const Reading live = read_live(traffic);
    REQUIRE(live.alerts.size() > 200);
    CHECK(live.holds <= kInputs);  // but for the first records nothing waits in live reading
    const Reading alone = read_backlog(traffic, {{0, 1, 2, 3, 4, 5, 6, 7}}, seed, true);
    check_same(alone, live);
    CHECK(alone.records == live.records);  // what waited is analysed once
    CHECK(alone.holds > 0);
    CHECK(alone.wrong_clocks == 0);
    check_same(read_backlog(traffic, {{0, 1, 2, 3}, {4, 5, 6, 7}}, seed, true), live);
    check_same(read_backlog(traffic, {{0, 1, 2}, {3, 4, 5, 6, 7}}, seed, false), live);
  }
}

TEST_CASE("what came while a process stood still gives the alerts of live reading", "[lane][sources]") {
  for (const uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    const Traffic traffic = make_traffic(seed);
    const Reading live = read_live(traffic);
    check_same(read_after_standstill(traffic, {{0, 1, 2, 3, 4, 5, 6, 7}}), live);
    check_same(read_after_standstill(traffic, {{0, 1, 2, 3}, {4, 5, 6, 7}}), live);
  }
}

TEST_CASE("what a shipper brings at once to a process that has read everything gives the alerts of live reading",
          "[lane][sources]") {
  const auto read_live_ms = GENERATE(int64_t{0}, kReadLive);
  CAPTURE(read_live_ms);
  for (const uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    const Traffic traffic = make_traffic(seed);
    const Reading live = read_live(traffic);
    for (const std::vector<std::vector<int32_t>>& lanes :
         {std::vector<std::vector<int32_t>>{{0, 1, 2, 3, 4, 5, 6, 7}}, {{0, 1, 2, 3}, {4, 5, 6, 7}}}) {
      ArrivingAtOnce reading(traffic, lanes, read_live_ms);
      reading.arrive();
      const Reading found = reading.finish();
      check_same(found, live);
      CHECK(found.questions > 0);
      CHECK(found.questions < 40);  // not for every half a minute of it
    }
  }
}

TEST_CASE("clocks a year ahead change no alert of other clients", "[lane][sources]") {
  for (const uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    const Traffic traffic = with_wrong_clocks(make_traffic(seed));
    const Reading live = read_live(traffic);
    const Reading backlog = read_backlog(traffic, {{0, 1, 2, 3}, {4, 5, 6, 7}}, seed, true);
    check_same(backlog, live);
    CHECK(backlog.wrong_clocks > 50);
    check_same(read_backlog(traffic, {{0, 1, 2, 3}, {4, 5, 6, 7}}, seed + 7, false), live);
  }
}

TEST_CASE("a new reader takes back what was told of ends before it, once for each target", "[lane][sources]") {
  SourceBoard board(Milliseconds(1'000));
  KafkaCounters counters;
  SourceKeeper keeper(board, 0, {3}, 2, counters);
  const std::vector<AssignedPartition> assigned{{0, 1}};
  const SourceKeeper::Clock::time_point start{std::chrono::hours(1)};
  keeper.assigned(assigned, start);
  for (const int32_t target : {0, 1}) {
    const auto first = keeper.reports_for(target, start);
    REQUIRE(first.size() == 3);  // its own, and those that others read
    for (const SourceReport& report : first)
      CHECK(report.is_doubted);
    SourceTimes times;
    std::vector<SourceReport> ended(3);
    for (int32_t partition = 0; partition < 3; ++partition)
      ended[static_cast<size_t>(partition)] = {0, partition, kBegin, true};
    times.take(ended, kBegin);
    times.take(first, kBegin + 1);
    for (const SourceTimes::Source& source : times.sources())
      CHECK(source.ended_ms == SourceReport::kNoTime);
    for (const SourceReport& report : keeper.reports_for(target, start + std::chrono::seconds(1)))
      CHECK_FALSE(report.is_doubted);
  }
}

TEST_CASE("a minority with wrong clocks does not move a source's time, a leap of all does", "[lane][sources]") {
  SourceEstimate estimate;
  for (uint64_t i = 0; i < 100; ++i)
    estimate.take({i, static_cast<int64_t>(i) * 1'000 + (i % 3 == 0 ? kYear : 0), std::nullopt});
  CHECK(*estimate.time_ms() < 100'000);
  const auto normal = following(101'000), leap = following(101'000 + kYear);
  const SourceEstimate::Record ahead{7, 100'000 + kYear, std::nullopt};
  CHECK(estimate.is_wrong(ahead, normal));
  CHECK_FALSE(estimate.is_wrong(ahead, leap));
  CHECK_FALSE(estimate.is_wrong({7, 110'000, std::nullopt}, normal));
  CHECK(estimate.is_wrong({7, 100'000 - kYear, std::nullopt}, normal));
  // The first record of all has only those behind it.
  estimate.clear();
  CHECK(estimate.corrected(ahead, normal) == 101'000);
  CHECK_FALSE(estimate.is_wrong(ahead, {}));
}

TEST_CASE("one client that floods is one client", "[lane][sources]") {
  SourceEstimate estimate;
  for (uint64_t i = 0; i < 20; ++i)
    estimate.take({i, 1'000, std::nullopt});
  for (int i = 0; i < 1'000; ++i)
    estimate.take({99, kYear, std::nullopt});
  CHECK(*estimate.time_ms() == 1'000);
}

TEST_CASE("one client with a wrong clock is wrong however many records of it follow", "[lane][sources]") {
  SourceEstimate estimate;
  for (uint64_t i = 0; i < 20; ++i)
    estimate.take({i, 1'000, std::nullopt});
  const std::vector<SourceEstimate::Next> own(40, {99, kYear});
  CHECK(estimate.is_wrong({99, kYear, std::nullopt}, own));
}

TEST_CASE("clients that come no more do not hold their source's time", "[lane][sources]") {
  SourceEstimate by_count, by_append;
  for (uint64_t i = 0; i < 30; ++i)
    by_count.take({i, 1'000, std::nullopt});
  for (uint64_t i = 0; i < 200; ++i)
    by_count.take({100 + i % 10, 1'000 + static_cast<int64_t>(i) * 1'000, std::nullopt});
  CHECK(*by_count.time_ms() > 190'000);
  for (uint64_t i = 0; i < 30; ++i)
    by_append.take({i, 1'000, 0});
  by_append.take({100, 700'000, 0});
  CHECK(*by_append.time_ms() == 700'000);
}

TEST_CASE("in a source that was quiet, a record as old as ever when it was written is right", "[lane][sources]") {
  SourceEstimate estimate;
  for (uint64_t i = 0; i < 20; ++i)
    estimate.take({i, static_cast<int64_t>(i) * 1'000, 2'000});
  CHECK_FALSE(estimate.is_wrong({50, 8 * 3'600'000, 2'500}, {}));
  estimate.clear();
  for (uint64_t i = 0; i < 20; ++i)
    estimate.take({i, static_cast<int64_t>(i) * 1'000, 3'600'000});  // shipped an hour late
  CHECK(estimate.is_wrong({50, 3'600'000, 0}, {}));
}
