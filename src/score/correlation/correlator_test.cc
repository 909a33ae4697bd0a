// Correlations over groups: when they alert, how a flood is counted, chains, limits, and that a restart changes nothing.
#include "score/correlation/correlator.h"

#include <random>

#include "score/correlation/test_events.h"

using namespace weir;
using namespace weir::testing;

namespace {

const std::string kIp = "192.0.2.1";

}  // namespace

TEST_CASE("deadlines of groups that were evicted do not pile up") {
  ScoreOptions options;
  options.correlation_bytes_max = 100'000;
  Bench bench(options);
  const auto definition = definition_of(CorrelationType::kEventCount, 1'000, 86'400'000);
  for (int i = 0; i < 50'000; ++i)
    bench.at(definition, i, 0, 1, "group-" + std::to_string(i));
  const CorrelationStatistics statistics = bench.correlator.statistics();
  CHECK(statistics.evicted > 49'000);
  CHECK(statistics.groups < 1'000);
  CHECK(statistics.bytes <= 100'000);
  CHECK(statistics.deadlines < 10'000);
}

TEST_CASE("deadlines come in the order of time, chunk and age, however far apart they are") {
  std::mt19937_64 random(1);
  DeadlineQueue queue;
  std::vector<DeadlineQueue::Deadline> expected;
  int64_t clock_ms = -5'000'000;
  for (uint32_t step = 0; step < 300; ++step) {
    for (uint64_t left = random() % 20; left > 0; --left) {
      const auto ahead = static_cast<int64_t>(random() % (random() % 2 == 0 ? 3'000 : 3'000'000));
      expected.push_back({clock_ms + ahead, random() % 4, static_cast<uint32_t>(random() % 3), step});
      queue.push(expected.back());
    }
    if (step % 100 == 50) {
      const auto is_odd = [](const auto& item) { return item.slot % 2 == 1; };
      std::erase_if(expected, [&](const auto& item) { return !is_odd(item); });
      queue.keep_if(is_odd);
    }
    clock_ms += static_cast<int64_t>(random() % 50'000);
    std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return b > a; });
    DeadlineQueue::Deadline due;
    while (queue.pop_due(clock_ms, due)) {
      REQUIRE_FALSE(expected.empty());
      CHECK_FALSE(due > expected.front());
      CHECK_FALSE(expected.front() > due);
      expected.erase(expected.begin());
    }
    CHECK((expected.empty() || expected.front().time_ms > clock_ms));
    REQUIRE(queue.size() == expected.size());
  }
}

TEST_CASE("the record that fulfils the condition raises the alert, and the group says whose it is") {
  const auto three = definition_of(CorrelationType::kEventCount, 3, 60'000);
  Bench bench;
  bench.at(three, 1'000).at(three, 2'000);
  CHECK(bench.take().empty());
  bench.at(three, 61'000);  // the first is 60 s old: out
  CHECK(bench.take().empty());
  bench.at(three, 61'500);
  REQUIRE(bench.alerts.size() == 1);
  const Alert alert = bench.alerts[0];
  CHECK(alert.kind == AlertKind::kCorrelation);
  CHECK(alert.phase == EpisodePhase::kOpened);
  CHECK(alert.client == kIp);
  CHECK(alert.client_kind == ClientKind::kAddress);
  REQUIRE(alert.correlation);
  CHECK(alert.correlation->rule_id == three.id);
  CHECK(alert.correlation->value == 3);
  CHECK(alert.correlation->group == std::vector<std::pair<std::string, std::string>>{{"c-ip", kIp}});
  CHECK(alert.first_seen == EventTime{Milliseconds{2'000}});
  CHECK(alert.id != alert.episode_id);
}

TEST_CASE("groups do not count for each other") {
  const auto two = definition_of(CorrelationType::kEventCount, 2, 60'000);
  Bench bench;
  bench.at(two, 1'000, 0, 1, "192.0.2.1").at(two, 1'000, 0, 1, "192.0.2.2").at(two, 1'000, 0, 1, "192.0.2.3");
  CHECK(bench.take().empty());
  bench.at(two, 2'000, 0, 1, "192.0.2.2");
  CHECK(bench.take() == "opened 192.0.2.2 1 2\n");
}

TEST_CASE("a flood gives one opened alert, few updates and a closing one with the exact count") {
  const auto ten = definition_of(CorrelationType::kEventCount, 10, 60'000);
  Bench bench;
  for (int i = 0; i < 5'009; ++i)
    bench.at(ten, 1'000'000 + i);
  bench.clock(1'000'000 + 5'008 + 60'000 + 59'999);
  CHECK(bench.take() ==
        "opened 192.0.2.1 1 10\nupdated 192.0.2.1 10 10\nupdated 192.0.2.1 100 10\n"
        "updated 192.0.2.1 1000 10\n");
  bench.clock(1'000'000 + 5'008 + 60'000 + 60'000);
  CHECK(bench.take() == "closed 192.0.2.1 5000 10\n");
  bench.clock(100'000'000);
  CHECK(bench.take().empty());
  CHECK(bench.correlator.statistics().groups == 0);
  CHECK(bench.correlator.statistics().bytes == 0);
}

TEST_CASE("what goes on is told again each minute, or each timespan where that is longer") {
  const auto updates = [](int64_t timespan_ms) {
    const auto definition = definition_of(CorrelationType::kEventCount, 1, timespan_ms);
    ScoreOptions options;
    options.episodes.update_counts = {};
    Bench bench(options);
    for (int64_t second = 0; second <= 3'600; second += 5)
      bench.at(definition, second * 1'000);
    return std::count_if(bench.alerts.begin(), bench.alerts.end(),
                         [](const Alert& alert) { return alert.phase == EpisodePhase::kUpdated; });
  };
  CHECK(updates(10'000) == 60);
  CHECK(updates(60'000) == 60);
  CHECK(updates(600'000) == 6);
  CHECK(updates(86'400'000) == 0);
}

TEST_CASE("an upper bound is judged when the timespan is over, at each of its edges") {
  auto few = definition_of(CorrelationType::kEventCount, 2, 60'000);
  few.bounds.push_back({CorrelationOperator::kLessEqual, 3});
  few.set_hash();
  for (const auto& [records, alerts] : std::vector<std::pair<int, std::string>>{
           {1, ""}, {2, "opened 192.0.2.1 1 2\n"}, {3, "opened 192.0.2.1 1 3\n"}, {4, ""}}) {
    Bench bench;
    for (int i = 0; i < records; ++i)
      bench.at(few, 1'000 + i);
    bench.clock(1'000 + 60'000 + 59'999);
    CHECK(bench.take().empty());
    bench.clock(1'000 + 60'000 + 60'000);
    CHECK(bench.take() == alerts);
  }
}

TEST_CASE("a record behind the end of the timespan has it judged at once") {
  auto slow = definition_of(CorrelationType::kValueAverage, 500, 60'000);
  Bench bench;
  bench.at(slow, 1'000, EventMaker::number(400)).at(slow, 2'000, EventMaker::number(700));
  bench.at(slow, 60'999, EventMaker::number(490));
  CHECK(bench.take().empty());
  bench.at(slow, 61'000, EventMaker::number(1));
  CHECK(bench.take() == "opened 192.0.2.1 1 530\n");
  bench.at(slow, 60'000, EventMaker::number(9'000));  // of the judged one: late
  CHECK(bench.correlator.statistics().late == 1);
  bench.at(slow, 200'000, EventMaker::number(1));
  CHECK(bench.take() == "closed 192.0.2.1 1 530\n");
}

TEST_CASE("a record older than the group's timespan is late, counted and changes nothing") {
  const auto two = definition_of(CorrelationType::kEventCount, 2, 60'000);
  Bench bench;
  bench.at(two, 100'000).at(two, 40'000);
  CHECK(bench.take().empty());
  CHECK(bench.correlator.statistics().late == 1);
  bench.at(two, 40'001);
  CHECK(bench.take() == "opened 192.0.2.1 1 2\n");
}

TEST_CASE("a chain hears of a group at most once in a timespan, and what only feeds it makes no alert") {
  auto outer = definition_of(CorrelationType::kEventCount, 3, 3'600'000);
  outer.id = "00000000-0000-4000-8000-0000000000c2";
  outer.set_hash();
  auto inner = definition_of(CorrelationType::kEventCount, 5, 60'000);
  inner.alerts = false;
  inner.feeds = {{&outer, 0}};
  inner.set_hash();
  Bench bench;
  for (int burst = 0; burst < 2; ++burst)
    for (int i = 0; i < 50; ++i)
      bench.at(inner, 1'000'000 + burst * 300'000 + i);
  CHECK(bench.take().empty());
  for (int i = 0; i < 50; ++i)
    bench.at(inner, 2'000'000 + i);
  CHECK(bench.take() == "opened 192.0.2.1 1 3\n");
  REQUIRE(bench.correlator.statistics().groups == 2);
}

TEST_CASE("an alert names the correlations whose results made it") {
  const auto make = [](int count, std::string id, std::vector<CorrelationDefinition::Feed> feeds) {
    auto definition = definition_of(CorrelationType::kEventCount, count, 60'000);
    definition.id = std::move(id);
    definition.title = "of " + definition.id;
    definition.feeds = std::move(feeds);
    definition.set_hash();
    return definition;
  };
  auto outer = definition_of(CorrelationType::kTemporal, 2, 60'000);
  outer.sources = 2;
  outer.set_hash();
  const auto first = make(2, "first", {{&outer, 0}});
  auto silent = make(1, "silent", {{&outer, 1}});
  silent.alerts = false;
  silent.set_hash();
  Bench bench;
  bench.at(first, 1'000, 0, 1, "192.0.2.9").at(first, 2'000, 0, 1, "192.0.2.9");  // another group's
  bench.at(first, 1'000).at(first, 2'000).at(silent, 3'000);
  REQUIRE(bench.alerts.size() == 3);
  const Alert &source = bench.alerts[1], &result = bench.alerts[2];
  CHECK(source.related.empty());
  REQUIRE(result.correlation->rule_id == outer.id);
  REQUIRE(result.related.size() == 1);
  CHECK(result.related[0].opening_id == source.id);
  CHECK(result.related[0].episode_id == source.episode_id);
  CHECK(result.related[0].kind == AlertKind::kCorrelation);
  CHECK(result.related[0].title == "of first");
}

TEST_CASE("of a flood of groups the flood's own go, and counts of open episodes are not lost") {
  ScoreOptions options;
  options.correlation_bytes_max = 4 * 40 * CorrelationGroup::kBytes;
  Bench bench(options);
  const auto two = definition_of(CorrelationType::kEventCount, 2, 60'000);
  auto flood = definition_of(CorrelationType::kEventCount, 1'000, 60'000);
  flood.id = "00000000-0000-4000-8000-0000000000c9";
  flood.set_hash();
  bench.at(two, 1'000);
  bench.at(two, 1'000, 0, 1, "open").at(two, 1'001, 0, 1, "open");
  CHECK(bench.take() == "opened open 1 2\n");
  for (int i = 0; i < 5'000; ++i)
    bench.at(flood, 1'002, 0, 1, "bot " + std::to_string(i));
  CHECK(bench.correlator.statistics().evicted > 4'000);
  CHECK(bench.correlator.statistics().bytes <= options.correlation_bytes_max);
  bench.at(two, 1'003);
  CHECK(bench.take() == "opened 192.0.2.1 1 2\n");
  for (int i = 0; i < 5'000; ++i)
    bench.at(two, 1'004, 0, 1, "bot " + std::to_string(i)).at(two, 1'004, 0, 1, "bot " + std::to_string(i));
  bench.clock(100'000'000);
  size_t opened = 0, closed = 0;
  for (const Alert& alert : bench.alerts)
    (alert.phase == EpisodePhase::kOpened ? opened : closed) += 1;
  CHECK(opened == 5'000);
  CHECK(closed == opened + 2);  // and the two of before
}

TEST_CASE("a changed definition begins afresh and leaves the old one's groups to end") {
  auto before = definition_of(CorrelationType::kEventCount, 3, 60'000);
  auto after = before;
  after.bounds[0].number = 2;
  after.set_hash();
  REQUIRE(before.hash != after.hash);
  Bench bench;
  bench.at(before, 1'000).at(before, 1'001);
  bench.at(after, 1'002);
  CHECK(bench.take().empty());
  bench.at(before, 1'003);  // the same definition again: its state is still there
  CHECK(bench.take() == "opened 192.0.2.1 1 3\n");
}

namespace {

/// Random events of definitions of every type, chained ones among them.
struct RandomEvents {
  explicit RandomEvents(unsigned seed) : random(seed) {
    auto& outer = definitions.emplace_back(definition_of(CorrelationType::kEventCount, 2, 40'000));
    outer.title = "outer";
    outer.set_hash();
    for (int type = 0; type < static_cast<int>(CorrelationType::kCount); ++type) {
      for (const auto op : {CorrelationOperator::kGreaterEqual, CorrelationOperator::kLess}) {
        auto& item = definitions.emplace_back(definition_of(static_cast<CorrelationType>(type), 3, 5'000));
        item.sources = 3;
        item.percentile = type == static_cast<int>(CorrelationType::kValuePercentile) ? 90 : 0;
        item.bounds[0] = {op, type >= static_cast<int>(CorrelationType::kValueSum) ? 6.0 : 3.0};
        if (item.type == CorrelationType::kTemporalOrdered) item.bounds[0].op = CorrelationOperator::kGreaterEqual;
        if (type % 2 == 0) item.feeds = {{&definitions.front(), 0}};
        item.title = "type " + std::to_string(type) + std::string(to_string(op));
        item.set_hash();
      }
    }
  }

  std::vector<CorrelationEvent> block() {
    std::vector<CorrelationEvent> events;
    for (unsigned i = 0; i < random() % 20; ++i) {
      now_ms += static_cast<int64_t>(random() % 150);
      const auto& definition = definitions[1 + random() % (definitions.size() - 1)];
      const bool numbers = definition.type >= CorrelationType::kValueSum;
      events.push_back(maker.event(
          definition, "10.0.0." + std::to_string(random() % 6), now_ms - static_cast<int64_t>(random() % 700),
          numbers ? EventMaker::number(static_cast<double>(random() % 10)) : random() % 5, 1 + random() % 7));
    }
    return events;
  }

  std::mt19937 random;
  std::deque<CorrelationDefinition> definitions;
  EventMaker maker;
  int64_t now_ms = 1'700'000'000'000;
};

constexpr uint32_t kChunks = 4;

struct Block {
  std::vector<CorrelationEvent> events;
  int64_t partition_ms;
};

}  // namespace

TEST_CASE("a restart from chunks saved at different times gives the same alerts and the same state") {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
    RandomEvents source(seed);
    std::vector<Block> blocks;
    for (int i = 0; i < 400; ++i) {
      auto events = source.block();
      blocks.push_back({std::move(events), source.now_ms - 500});
    }
    ScoreOptions options;
    options.lateness = Milliseconds{1'000};
    options.episodes.update_counts = {2, 3, 5, 8};
    options.correlation_bytes_max = seed % 2 == 0 ? uint64_t{1} << 30 : 4 * 12 * CorrelationGroup::kBytes;
    Correlator original(options, kTestTopics, kChunks);
    std::vector<Alert> expected;
    std::vector<std::string> saved(kChunks);
    const size_t crash = 250;
    for (size_t i = 0; i < blocks.size(); ++i) {
      original.observe(blocks[i].events, blocks[i].partition_ms, expected);
      for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
        if (i + 1 == crash - 60 + chunk * 17) original.save(chunk, saved[chunk]);
    }
    REQUIRE(shown(expected).find("updated") != std::string::npos);

    Correlator restored(options, kTestTopics, kChunks);
    restored.begin_restore();
    std::vector<Alert> repeated, alerts;
    for (size_t i = crash - 60; i < blocks.size(); ++i) {
      for (uint32_t chunk = 0; chunk < kChunks; ++chunk)
        if (i == crash - 60 + chunk * 17) REQUIRE(restored.load(chunk, saved[chunk]).has_value());
      restored.observe(blocks[i].events, blocks[i].partition_ms, i < crash ? repeated : alerts);
    }
    std::vector<std::string> ids, expected_ids;
    for (const Alert& alert : alerts)
      ids.push_back(repeatable(alert));
    for (const Alert& alert : expected)
      expected_ids.push_back(repeatable(alert));
    INFO("seed " << seed);
    REQUIRE(ids.size() < expected_ids.size());
    expected_ids.erase(expected_ids.begin(), expected_ids.end() - static_cast<std::ptrdiff_t>(ids.size()));
    CHECK(ids == expected_ids);
    for (uint32_t chunk = 0; chunk < kChunks; ++chunk) {
      std::string a, b;
      original.save(chunk, a);
      restored.save(chunk, b);
      CHECK(a == b);
    }
  }
}

TEST_CASE("how events are cut into blocks changes no alert") {
  RandomEvents source(9);
  std::vector<CorrelationEvent> all;
  for (int i = 0; i < 300; ++i)
    for (const auto& event : source.block())
      all.push_back(event);
  const auto run = [&](size_t size) {
    Correlator correlator({}, kTestTopics, kChunks);
    std::vector<Alert> alerts;
    for (size_t i = 0; i < all.size(); i += size)
      correlator.observe(std::span(all).subspan(i, std::min(size, all.size() - i)), kNoTime, alerts);
    correlator.finish(alerts);
    std::string text;
    for (const Alert& alert : alerts)
      text += repeatable(alert) + "\n";
    return text;
  };
  const std::string whole = run(all.size());
  REQUIRE(whole.find(" beside ") != std::string::npos);
  CHECK(!whole.empty());
  CHECK(run(1) == whole);
  CHECK(run(7) == whole);
}

TEST_CASE("other groups' events change nothing about a group's alerts") {
  RandomEvents source(10);
  std::vector<CorrelationEvent> all, one;
  for (int i = 0; i < 300; ++i)
    for (const auto& event : source.block()) {
      all.push_back(event);
      if (event.group == group_text("10.0.0.3")) one.push_back(event);
    }
  const auto run = [&](std::span<const CorrelationEvent> events) {
    Correlator correlator({}, kTestTopics, kChunks);
    std::vector<Alert> alerts, kept;
    correlator.observe(events, kNoTime, alerts);
    correlator.finish(alerts);
    for (const Alert& alert : alerts)
      if (alert.client == "10.0.0.3") kept.push_back(alert);
    std::vector<std::string> texts;
    for (const Alert& alert : kept)
      texts.push_back(repeatable(alert));
    std::sort(texts.begin(), texts.end());
    return texts;
  };
  CHECK(run(all) == run(one));
}

TEST_CASE("a chunk cut short is refused, and one with wrong bytes never read outside itself") {
  RandomEvents source(3);
  Correlator original({}, kTestTopics, kChunks);
  std::vector<Alert> alerts;
  for (int i = 0; i < 60; ++i)
    original.observe(source.block(), source.now_ms, alerts);
  std::string good;
  original.save(1, good);
  const auto load = [&](std::string_view bytes) {
    Correlator correlator({}, kTestTopics, kChunks);
    correlator.begin_restore();
    const bool loaded = correlator.load(1, bytes).has_value();
    std::vector<Alert> ignored;
    if (loaded) correlator.finish(ignored);
    return loaded;
  };
  REQUIRE(load(good));
  for (size_t i = 1; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    static_cast<void>(load(bad));
    CHECK_FALSE(load(std::string_view(good).substr(0, i)));
  }
  std::string newer = good;
  newer[0] = 2;
  CHECK_FALSE(load(newer));
}
