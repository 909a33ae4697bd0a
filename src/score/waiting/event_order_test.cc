#include <xxhash.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "base/binary_format.h"
#include "base/catch.h"
#include "score/correlation/test_events.h"
#include "score/random_traffic.h"

// ScoreOrder::kEventTime: alerts are a function of the set of records, whatever the order in which they come and wherever a restart is.

namespace weir {
namespace {

using namespace scoring_fixture;

constexpr int64_t kJitterMs = 30'000;  // how much later than its time a record may come, at most

ScoreOptions in_event_order(uint32_t clients_max = 4'000) {
  ScoreOptions options;
  options.order = ScoreOrder::kEventTime;
  options.disorder = Milliseconds{kJitterMs};
  options.clients_max = clients_max;
  options.chunk_clients = 8;
  options.episodes.opened_per_minute_max = clients_max / 8;
  return options;
}

/// What a block of the observations topic holds.
struct Block {
  std::vector<Observation> observations;
  std::vector<CorrelationEvent> events;
  std::vector<SourceReport> sources;
  int64_t told_ms = 0;
};

/// Records of three partitions of the input, and what correlations make of some.
class Records {
 public:
  static constexpr int kPartitions = 3;

  Records(uint32_t seed, int count, int clients) {
    sliding_ = testing::definition_of(CorrelationType::kEventCount, 3, 60'000);
    judged_ = testing::definition_of(CorrelationType::kValueAverage, 50, 120'000);
    chained_ = testing::definition_of(CorrelationType::kEventCount, 2, 600'000);
    for (CorrelationDefinition* item : {&chained_, &judged_, &sliding_})
      item->title += std::to_string(item->timespan_ms);
    sliding_.group_by = {"weir.client"};
    chained_.set_hash();
    judged_.set_hash();
    sliding_.feeds = {{&chained_, 0}};
    sliding_.set_hash();
    add_random(stream_, seed, count, clients, "c");
    all_ = stream_.observations();
    std::mt19937 random(seed);
    std::array<int64_t, kPartitions> offsets{};
    for (Observation& record : all_) {
      record.at.partition = static_cast<int32_t>(random() % kPartitions);
      record.at.offset = offsets[static_cast<size_t>(record.at.partition)]++;
      if (random() % 5 == 0) add_events(record, random);
    }
  }
  [[nodiscard]] const std::vector<Observation>& all() const { return all_; }
  [[nodiscard]] const std::vector<CorrelationEvent>& events() const { return events_; }

  /// In an order and in blocks of the seed's choice, none later than the disorder allows. `with_sources`: the blocks say how far each
  /// partition of the input has come.
  [[nodiscard]] std::vector<Block> blocks(uint32_t seed, bool with_sources, int64_t jitter_ms = kJitterMs) const {
    std::mt19937 random(seed);
    struct Coming {
      int64_t due_ms;
      const Observation* record;
    };
    std::vector<Coming> coming;
    std::array<double, kPartitions> speed{};
    for (double& item : speed)
      item = 1 + static_cast<double>(random() % 1'000) / 1'000;
    for (const Observation& record : all_) {
      const int64_t time_ms = record.time.time_since_epoch().count() - kStartMs;
      const int64_t due_ms = time_ms + static_cast<int64_t>(random() % static_cast<uint64_t>(jitter_ms));
      // With sources it does not matter how far one is ahead of another.
      const double pace = with_sources ? speed[static_cast<size_t>(record.at.partition)] : 1;
      coming.push_back({static_cast<int64_t>(static_cast<double>(due_ms) * pace), &record});
    }
    std::stable_sort(coming.begin(), coming.end(), [](const auto& a, const auto& b) { return a.due_ms < b.due_ms; });
    std::vector<Block> blocks;
    std::array<int64_t, kPartitions> reached;
    reached.fill(SourceReport::kNoTime);
    for (size_t begin = 0; begin < coming.size();) {
      Block& block = blocks.emplace_back();
      const size_t end = std::min<size_t>(coming.size(), begin + 1 + random() % 60);
      for (; begin < end; ++begin)
        put(*coming[begin].record, block, reached);
      block.told_ms = kStartMs + static_cast<int64_t>(blocks.size()) * 100;
      for (int32_t i = 0; with_sources && i < kPartitions; ++i)
        block.sources.push_back({0, i, reached[static_cast<size_t>(i)], false, false});
    }
    return blocks;
  }

 private:
  void add_events(const Observation& record, std::mt19937& random) {
    CorrelationEvent event = maker_.event(random() % 2 == 0 ? sliding_ : judged_, std::string(record.client), 0,
                                          testing::EventMaker::number(static_cast<double>(random() % 100)));
    event.group_hash = record.client_hash;
    event.time = record.time;
    event.at = record.at;
    event.client_kind = record.client_kind;
    event.address = record.address;
    events_.push_back(event);
    of_record_[{record.at.partition, record.at.offset}].push_back(event);
  }
  void put(const Observation& record, Block& block, std::array<int64_t, kPartitions>& reached) const {
    block.observations.push_back(record);
    const auto events = of_record_.find({record.at.partition, record.at.offset});
    if (events != of_record_.end())
      block.events.insert(block.events.end(), events->second.begin(), events->second.end());
    int64_t& source = reached[static_cast<size_t>(record.at.partition)];
    source = std::max(source, record.time.time_since_epoch().count());
  }

  Stream stream_;
  std::vector<Observation> all_;
  std::vector<CorrelationEvent> events_;
  std::map<std::pair<int32_t, int64_t>, std::vector<CorrelationEvent>> of_record_;
  CorrelationDefinition sliding_, judged_, chained_;
  testing::EventMaker maker_;
};

void feed(Scorer& scorer, const Block& block, std::vector<Alert>& alerts) {
  if (!block.sources.empty()) scorer.take_sources(block.sources, block.told_ms);
  scorer.note_append_time(block.told_ms);
  scorer.observe(block.observations, block.events, alerts);
  if (!block.sources.empty()) scorer.follow_sources(alerts);
}

std::string shown_whole(const Alert& alert) {
  std::string text = describe(alert) + " partition " + std::to_string(alert.at.partition) + " time " +
                     format_rfc3339(alert.time) + " outcome " + std::string(to_string(alert.outcome));
  if (alert.correlation) text += " value " + std::to_string(alert.correlation->value);
  return text;
}

std::vector<std::string> shown_whole(const std::vector<Alert>& alerts) {
  std::vector<std::string> texts;
  for (const Alert& alert : alerts)
    texts.push_back(shown_whole(alert));
  return texts;
}

struct Scored {
  std::vector<std::string> alerts;
  ScorerStatistics statistics;
};

Scored scored(const std::vector<Block>& blocks, const ScoreOptions& options) {
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  for (const Block& block : blocks)
    feed(scorer, block, alerts);
  scorer.finish(alerts);
  return {shown_whole(alerts), scorer.statistics()};
}

struct SavedChunk {
  size_t at = 0;  // blocks before it
  std::string bytes;
};

/// Feeds the first blocks, and saves the chunks in turns.
std::vector<SavedChunk> save_in_turns(Scorer& scorer, std::span<const Block> blocks, uint32_t chunks_a_block) {
  std::vector<SavedChunk> saved(scorer.chunk_count());
  std::vector<Alert> alerts;
  uint32_t chunk = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    feed(scorer, blocks[i], alerts);
    for (uint32_t turn = 0; turn < chunks_a_block; ++turn, chunk = (chunk + 1) % scorer.chunk_count()) {
      saved[chunk] = {i + 1, {}};
      scorer.save(chunk, saved[chunk].bytes);
    }
  }
  return saved;
}

Status restore(Scorer& scorer, const std::vector<SavedChunk>& saved, std::span<const Block> blocks) {
  std::multimap<size_t, uint32_t> places;
  for (uint32_t chunk = 0; chunk < saved.size(); ++chunk)
    places.emplace(saved[chunk].at, chunk);
  std::vector<Alert> muted;
  scorer.begin_restore();
  size_t at = places.begin()->first;
  for (const auto& [place, chunk] : places) {
    for (; at < place; ++at)
      feed(scorer, blocks[at], muted);
    if (Status status = scorer.load(chunk, saved[chunk].bytes); !status) return status;
  }
  for (; at < blocks.size(); ++at)
    feed(scorer, blocks[at], muted);
  scorer.end_restore();
  return {};
}

std::vector<std::string> rest_of(Scorer& scorer, std::span<const Block> blocks) {
  std::vector<Alert> alerts;
  for (const Block& block : blocks)
    feed(scorer, block, alerts);
  scorer.finish(alerts);
  return shown_whole(alerts);
}

uint64_t closed_attacks(const std::vector<Alert>& alerts) {
  uint64_t counted = 0;
  for (const Alert& alert : alerts)
    counted += alert.kind == AlertKind::kAttack && alert.phase == EpisodePhase::kClosed ? alert.count : 0;
  return counted;
}

uint64_t malicious(const std::vector<Observation>& all) {
  return static_cast<uint64_t>(
      std::count_if(all.begin(), all.end(), [](const auto& record) { return bool(record.evidence); }));
}

std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  BinaryWriter(bytes).fixed64(XXH3_64bits(bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace

TEST_CASE("the same records give the same alerts in whatever order and blocks they come", "[score][property][order]") {
  for (const uint32_t clients_max : {4'000U, 40U}) {  // with and without evictions
    const ScoreOptions options = in_event_order(clients_max);
    for (const uint32_t seed : {41U, 42U}) {
      const Records records(seed, 8'000, 60);
      const Scored first = scored(records.blocks(1, false), options);
      REQUIRE(first.alerts.size() > 300);
      const auto has = [&](const char* text) {
        return std::any_of(first.alerts.begin(), first.alerts.end(),
                           [&](const std::string& alert) { return alert.find(text) != std::string::npos; });
      };
      REQUIRE(has(" correlation "));
      REQUIRE(has(" burst closed"));
      REQUIRE(has(" beside "));
      for (const uint32_t order : {2U, 3U, 4U, 5U}) {
        const Scored other = scored(records.blocks(order, order % 2 == 0), options);
        CHECK(other.statistics.order_late == 0);
        CHECK(other.statistics.order_early == 0);
        CHECK(other.alerts == first.alerts);
      }
      // In the order of arrival they differ, or the test says nothing.
      ScoreOptions arrival = options;
      arrival.order = ScoreOrder::kArrival;
      CHECK(scored(records.blocks(1, false), arrival).alerts != scored(records.blocks(3, false), arrival).alerts);
    }
  }
}

TEST_CASE("after a restart at any place all later alerts are those without it, what waits included",
          "[score][restore][property][order]") {
  uint64_t late = 0;  // behind such as were scored early
  for (const bool with_sources : {false, true}) {
    for (const uint32_t clients_max : {4'000U, 40U}) {
      ScoreOptions options = in_event_order(clients_max);
      if (clients_max == 40U) {  // too little room for what waits: some are scored early
        options.waiting_bytes_max = 1;
        options.disorder = Milliseconds{120'000};
      }
      const Records records(43, 6'000, 120);
      const auto blocks = records.blocks(7, with_sources);
      std::mt19937 random(44);
      uint64_t waited = 0;
      for (int round = 0; round < 6; ++round) {
        const size_t stop = blocks.size() / 2 + random() % (blocks.size() / 3);
        const uint32_t chunks_a_block = clients_max == 40U ? 1 : 10 + static_cast<uint32_t>(random() % 20);
        Scorer undisturbed(options, kTopics), restored(options, kTopics);
        const auto saved = save_in_turns(undisturbed, std::span(blocks).first(stop), chunks_a_block);
        waited += undisturbed.statistics().waiting;
        CHECK((undisturbed.statistics().order_early > 0) == (clients_max == 40U));
        REQUIRE(restore(restored, saved, std::span(blocks).first(stop)));
        CHECK(restored.statistics().waiting == undisturbed.statistics().waiting);
        CHECK(restored.statistics().waiting_bytes == undisturbed.statistics().waiting_bytes);
        CHECK(restored.digest() == undisturbed.digest());
        const uint64_t late_before = undisturbed.statistics().order_late,
                       late_restored = restored.statistics().order_late;
        const auto expected = rest_of(undisturbed, std::span(blocks).subspan(stop));
        CHECK(rest_of(restored, std::span(blocks).subspan(stop)) == expected);
        CHECK(expected.size() > 10);
        late += undisturbed.statistics().order_late - late_before;
        CHECK(restored.statistics().order_late - late_restored == undisturbed.statistics().order_late - late_before);
      }
      CHECK(waited > 50);
    }
  }
  CHECK(late > 0);
}

TEST_CASE("what comes later than the bound is scored at once, counted, and never lost", "[score][order]") {
  ScoreOptions options = in_event_order();
  options.disorder = Milliseconds{2'000};
  const Records records(45, 8'000, 60);
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  for (const Block& block : records.blocks(1, false))
    feed(scorer, block, alerts);
  scorer.finish(alerts);
  CHECK(scorer.statistics().order_late > 100);
  CHECK(scorer.statistics().order_early == 0);
  CHECK(closed_attacks(alerts) == malicious(records.all()));
}

TEST_CASE("what waits is bounded: beyond it the first of a chunk are scored early and counted", "[score][order]") {
  ScoreOptions options = in_event_order(8);
  options.waiting_bytes_max = 1;  // the least: 4 KiB for the only chunk
  const Records records(46, 8'000, 60);
  auto blocks = records.blocks(1, true);
  for (Block& block : blocks)  // one source gets on with nothing
    block.sources[0].time_ms = kStartMs - 1;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  uint64_t most = 0;
  for (const Block& block : blocks) {
    feed(scorer, block, alerts);
    most = std::max(most, scorer.statistics().waiting_bytes);
  }
  CHECK(most > 3'000);
  CHECK(most <= 4'096);
  CHECK(scorer.statistics().order_early > 1'000);
  scorer.finish(alerts);
  CHECK(scorer.statistics().waiting == 0);
  CHECK(scorer.statistics().waiting_bytes == 0);
  CHECK(closed_attacks(alerts) == malicious(records.all()));
}

TEST_CASE("records of one moment come by where they stand, whenever they come", "[score][order]") {
  Stream stream;
  stream.add({.at_ms = 0, .address = "192.0.2.3", .evidence = attack()}).at.offset = 3;
  stream.add({.at_ms = 0, .address = "192.0.2.5", .evidence = attack()}).at.offset = 5;
  stream.add({.client = "other", .at_ms = kJitterMs});
  stream.add({.client = "other", .at_ms = kJitterMs});
  stream.add({.client = "other", .at_ms = kJitterMs + 1});
  stream.add({.client = "other", .at_ms = kJitterMs + 1});
  const auto& all = stream.observations();
  Scorer scorer(in_event_order(), kTopics);
  std::vector<Alert> alerts;
  // The clock comes to where it would be the turn of all before that moment, and no further.
  for (const size_t number : {1U, 2U, 3U, 0U, 4U, 5U})
    scorer.observe({&all[number], 1}, alerts);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].at.offset == 3);
  CHECK(scorer.statistics().order_late == 0);
}

TEST_CASE("what waits says when the broker took it, so that its delay can be measured", "[score][order]") {
  Stream stream;
  stream.add({.at_ms = 0, .evidence = attack()});
  stream.add({.client = "other", .at_ms = 40'000});
  stream.add({.client = "other", .at_ms = 40'001});
  Scorer scorer(in_event_order(), kTopics);
  std::vector<Alert> alerts;
  scorer.note_append_time(kStartMs + 5);
  scorer.observe(std::span(stream.observations()).first(1), alerts);
  CHECK(alerts.empty());
  scorer.note_append_time(kStartMs + 40'005);
  scorer.observe(std::span(stream.observations()).subspan(1), alerts);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].append_ms == kStartMs + 5);
}

TEST_CASE("the last records before a pause do not wait for the next", "[score][order]") {
  Stream stream;
  stream.add({.at_ms = 0, .evidence = attack()});
  Scorer scorer(in_event_order(), kTopics);
  const auto tell = [&](int64_t told_ms, bool at_end, std::span<const Observation> records = {}) {
    std::vector<Alert> alerts;
    const SourceReport reports[] = {{0, 0, kStartMs, true, false}, {0, 1, kStartMs, at_end, false}};
    scorer.take_sources(reports, kStartMs + told_ms);
    scorer.observe(records, alerts);
    scorer.follow_sources(alerts);
    return alerts.size();
  };
  CHECK(tell(0, true, stream.observations()) == 0);
  int64_t now = 0;
  for (; now < 20'000; now += 4'000)
    CHECK(tell(now, true) == 0);
  // While a source is not at its end, what it still brings may belong before: no time passes.
  for (; now < 100'000; now += 4'000)
    CHECK(tell(now, false) == 0);
  size_t told = 0;
  const int64_t begin = now;
  for (; told == 0 && now < 200'000; now += 4'000)
    told = tell(now, true);
  CHECK(told == 1);
  CHECK(now - begin < kJitterMs);
  CHECK(scorer.statistics().waiting == 0);
}

TEST_CASE("a change of the order over a restart loses nothing", "[score][restore][order]") {
  const Records records(47, 6'000, 60);
  const auto blocks = records.blocks(8, true);
  const size_t stop = blocks.size() / 2;
  for (const ScoreOrder from : {ScoreOrder::kEventTime, ScoreOrder::kArrival}) {
    ScoreOptions before = in_event_order(), after = before;
    before.order = from;
    after.order = from == ScoreOrder::kArrival ? ScoreOrder::kEventTime : ScoreOrder::kArrival;
    Scorer first(before, kTopics), second(after, kTopics);
    std::vector<Alert> alerts, muted;
    std::vector<SavedChunk> saved(first.chunk_count());
    for (size_t i = 0; i < stop; ++i) {
      feed(first, blocks[i], alerts);
      if (i < stop - 40) continue;
      for (uint32_t chunk = static_cast<uint32_t>(i % 40); chunk < first.chunk_count(); chunk += 40) {
        saved[chunk] = {i + 1, {}};
        first.save(chunk, saved[chunk].bytes);
      }
    }
    REQUIRE(restore(second, saved, std::span(blocks).first(stop)));
    CHECK(second.statistics().waiting == first.statistics().waiting);
    for (size_t i = stop; i < blocks.size(); ++i)
      feed(second, blocks[i], alerts);
    second.finish(alerts);
    CHECK(closed_attacks(alerts) == malicious(records.all()));
    std::vector<std::string> openings;
    for (const Alert& alert : alerts)
      if (alert.phase == EpisodePhase::kOpened) openings.push_back(alert.id);
    std::sort(openings.begin(), openings.end());
    CHECK(std::adjacent_find(openings.begin(), openings.end()) == openings.end());
  }
}

TEST_CASE("a damaged chunk with records that wait is refused, wherever it is damaged", "[score][restore][order]") {
  const ScoreOptions options = in_event_order(32);
  const Records records(48, 300, 20);
  const auto blocks = records.blocks(9, true);
  Scorer scorer(options, kTopics), other(options, kTopics);
  std::vector<Alert> alerts;
  for (const Block& block : blocks)
    feed(scorer, block, alerts);
  std::string bytes;
  for (uint32_t chunk = 0; chunk < scorer.chunk_count() && bytes.size() < 2'000; ++chunk) {
    bytes.clear();
    scorer.save(chunk, bytes);
  }
  CHECK(bytes[0] == 7);
  const auto number = static_cast<uint32_t>(bytes[2]);
  const auto loads = [&](const std::string& chunk) {
    other.begin_restore();
    return other.load(number, chunk).has_value();
  };
  REQUIRE(loads(bytes));
  CHECK(other.statistics().waiting > 0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    CHECK_FALSE(loads(damaged));
    if (loads(sealed(damaged))) {  // what was taken can be scored
      alerts.clear();
      other.finish(alerts);
    }
    if (i > 9) CHECK_FALSE(loads(sealed(bytes.substr(0, i))));
  }
}

TEST_CASE("a chunk in the order of arrival is written as before", "[score][restore][order]") {
  const Records records(49, 500, 20);
  ScoreOptions options = in_event_order(32);
  options.order = ScoreOrder::kArrival;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  for (const Block& block : records.blocks(9, true))
    feed(scorer, block, alerts);
  std::string bytes;
  scorer.save(0, bytes);
  CHECK(bytes[0] == 4);
}

}  // namespace weir
