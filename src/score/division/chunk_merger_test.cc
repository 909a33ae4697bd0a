#include "score/division/chunk_merger.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/catch.h"
#include "score/client_check.h"
#include "score/correlation/test_events.h"
#include "score/decisions/decision_policy.h"
#include "score/random_traffic.h"
#include "score/report/client_report.h"

// A state divided among another number of partitions: who goes where, and that everything goes on.

namespace weir {
namespace {

using namespace scoring_fixture;

uint64_t hash_of(ClientKind, std::string_view client) {
  return std::hash<std::string_view>{}(client);
}

size_t partition_of(uint64_t hash, size_t partitions) {
  return hash % partitions;
}

/// All chunks of each partition, and its event time.
struct SavedPartitions {
  std::vector<std::vector<std::string>> chunks;
  std::vector<PartitionTimes> times;
};

using Scorers = std::vector<std::unique_ptr<Scorer>>;

Scorers scorers_of(const ScoreOptions& options, size_t count) {
  Scorers scorers;
  for (size_t i = 0; i < count; ++i)
    scorers.push_back(std::make_unique<Scorer>(options, kTopics));
  return scorers;
}

SavedPartitions saved(const Scorers& scorers) {
  SavedPartitions all;
  for (const auto& scorer : scorers) {
    auto& chunks = all.chunks.emplace_back(scorer->chunk_count());
    for (uint32_t chunk = 0; chunk < scorer->chunk_count(); ++chunk)
      scorer->save(chunk, chunks[chunk]);
    all.times.push_back(scorer->times());
  }
  return all;
}

SavedPartitions moved(const SavedPartitions& old, const ScoreOptions& options, size_t partitions,
                      DivisionLosses* losses = nullptr) {
  ChunkMerger merger(options, kTopics);
  SavedPartitions all;
  const PartitionTimes times = joint_times(old.times, options);
  for (size_t partition = 0; partition < partitions; ++partition) {
    all.times.push_back(times);
    auto& chunks = all.chunks.emplace_back(merger.chunk_count());
    for (uint32_t chunk = 0; chunk < merger.chunk_count(); ++chunk) {
      merger.begin(chunk);
      for (size_t from = 0; from < old.chunks.size(); ++from) {
        const ChunkShare share{[&](uint64_t hash) { return partition_of(hash, partitions) == partition; }, hash_of,
                               from % partitions == partition};
        const Status added = merger.add(old.chunks[from][chunk], share);
        INFO((added ? std::string() : added.error().to_string()));
        REQUIRE(added);
      }
      merger.finish(times, chunks[chunk]);
    }
  }
  if (losses != nullptr) *losses = merger.losses();
  return all;
}

Scorers restored(const SavedPartitions& all, const ScoreOptions& options) {
  Scorers scorers = scorers_of(options, all.chunks.size());
  for (size_t partition = 0; partition < scorers.size(); ++partition) {
    scorers[partition]->begin_restore();
    for (uint32_t chunk = 0; chunk < scorers[partition]->chunk_count(); ++chunk)
      REQUIRE(scorers[partition]->load(chunk, all.chunks[partition][chunk]));
  }
  return scorers;
}

/// Each record to the partition of its client, whose clock the others' records move, too, as watermarks do.
void observe(const Scorers& scorers, std::span<const Observation> all, std::vector<Alert>& alerts) {
  for (const Observation& record : all)
    scorers[partition_of(record.client_hash, scorers.size())]->observe({&record, 1}, alerts);
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

ScoreOptions roomy() {
  ScoreOptions options;
  options.clients_max = 4000;
  options.chunk_clients = 500;
  return options;
}

}  // namespace

TEST_CASE("after a move each client is in the partition that its hash names, and in no other", "[score][division]") {
  const ScoreOptions options = roomy();
  Stream stream;
  add_random(stream, 31, 3000, 200, "c");
  const auto [from, to] =
      GENERATE(std::pair{16, 12}, std::pair{4, 7}, std::pair{5, 1}, std::pair{1, 3}, std::pair{2, 2});
  Scorers old = scorers_of(options, static_cast<size_t>(from));
  std::vector<Alert> alerts;
  observe(old, stream.observations(), alerts);
  DivisionLosses losses;
  const Scorers made = restored(moved(saved(old), options, static_cast<size_t>(to), &losses), options);
  size_t known = 0;
  for (const Observation& record : stream.observations()) {
    const uint64_t check = client_check(record.client_kind, record.client);
    const auto& before = old[partition_of(record.client_hash, old.size())];
    const bool was_known = before->report(record.client_hash, check).has_value();
    for (size_t partition = 0; partition < made.size(); ++partition) {
      const auto report = made[partition]->report(record.client_hash, check);
      const bool belongs = partition == partition_of(record.client_hash, made.size());
      CHECK(report.has_value() == (was_known && belongs));
      if (!report || !was_known) continue;
      ++known;
      const auto told = before->report(record.client_hash, check);
      CHECK(report->window.requests == told->window.requests);
      REQUIRE(report->episodes.size() == told->episodes.size());
      for (size_t i = 0; i < told->episodes.size(); ++i) {
        CHECK(report->episodes[i].id == told->episodes[i].id);
        CHECK(report->episodes[i].count == told->episodes[i].count);
      }
    }
  }
  CHECK(known > 100);
  CHECK(losses.clients + losses.episodes + losses.silences + losses.summaries == 0);
}

TEST_CASE("there and back a state has the bytes that it has when it is moved to its own number",
          "[score][division][property]") {
  const ScoreOptions options = roomy();
  for (const uint32_t seed : {41U, 42U, 43U}) {
    Stream stream;
    add_random(stream, seed, 4000, 300, "c");
    Scorers old = scorers_of(options, 16);
    std::vector<Alert> alerts;
    observe(old, stream.observations(), alerts);
    const SavedPartitions first = saved(old);
    const SavedPartitions again = moved(first, options, 16);
    const SavedPartitions back = moved(moved(first, options, 12), options, 16);
    for (size_t partition = 0; partition < 16; ++partition)
      for (size_t chunk = 0; chunk < again.chunks[partition].size(); ++chunk)
        CHECK(again.chunks[partition][chunk] == back.chunks[partition][chunk]);
  }
}

TEST_CASE("a partition moved alone to its own number goes on as if it had not been", "[score][division][property]") {
  const ScoreOptions options = roomy();
  for (const uint32_t seed : {51U, 52U}) {
    Stream stream;
    add_random(stream, seed, 5000, 150, "c");
    const std::span<const Observation> all = stream.observations();
    Scorers old = scorers_of(options, 1);
    std::vector<Alert> before;
    observe(old, all.first(3000), before);
    const Scorers made = restored(moved(saved(old), options, 1), options);
    std::vector<Alert> expected, found;
    observe(old, all.subspan(3000), expected);
    observe(made, all.subspan(3000), found);
    old[0]->finish(expected);
    made[0]->finish(found);
    CHECK(expected.size() > 20);
    CHECK(sorted(describe(found)) == sorted(describe(expected)));
  }
}

TEST_CASE("what is open goes on in the new partitions, and closes with the counts of both halves",
          "[score][division]") {
  const ScoreOptions options = roomy();
  Stream stream;  // ten clients, attacks each second, so that the clocks of all partitions are close
  for (int i = 0; i < 400; ++i)
    stream.add({.client = "c" + std::to_string(i % 10), .at_ms = i * 100, .evidence = attack()});
  const std::span<const Observation> all = stream.observations();
  Scorers undisturbed = scorers_of(options, 3), old = scorers_of(options, 3);
  std::vector<Alert> expected, found;
  observe(undisturbed, all, expected);
  observe(old, all.first(250), found);
  const Scorers made = restored(moved(saved(old), options, 5), options);
  observe(made, all.subspan(250), found);
  for (const auto& scorer : undisturbed)
    scorer->finish(expected);
  for (const auto& scorer : made)
    scorer->finish(found);
  CHECK(expected.size() > 20);
  CHECK(sorted(describe(found)) == sorted(describe(expected)));
}

TEST_CASE("decisions, silences and what rules have counted go along", "[score][division]") {
  ScoreOptions options = roomy();
  auto policy = std::make_shared<DecisionPolicy>();
  DecisionRule& rule = policy->rules.emplace_back();
  rule.name = "attacks";
  rule.kinds = 1 << static_cast<unsigned>(AlertKind::kAttack);
  rule.client_kinds = 1 << static_cast<unsigned>(ClientKind::kCustomer);
  options.decisions = policy;
  Stream stream;
  for (int i = 0; i < 40; ++i)
    stream.add({.client = "c" + std::to_string(i % 20), .at_ms = i * 100, .evidence = attack()});
  Scorers old = scorers_of(options, 4);
  std::vector<Alert> alerts;
  observe(old, stream.observations(), alerts);
  for (int i = 0; i < 20; ++i) {
    const std::string client = "c" + std::to_string(i);
    ClientOrder order;
    order.kind = OrderKind::kSilence;
    order.client_kind = ClientKind::kCustomer;
    order.client = client;
    order.client_hash = hash_of(ClientKind::kCustomer, client);
    order.until_ms = kStartMs + 86'400'000;
    old[partition_of(order.client_hash, 4)]->decide({&order, 1}, alerts);
  }
  const Scorers made = restored(moved(saved(old), options, 7), options);
  size_t decided = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string client = "c" + std::to_string(i);
    const uint64_t hash = hash_of(ClientKind::kCustomer, client);
    const uint64_t check = client_check(ClientKind::kCustomer, client);
    for (size_t partition = 0; partition < made.size(); ++partition) {
      const bool belongs = partition == partition_of(hash, made.size());
      CHECK(made[partition]->silences_of(hash, check).size() == (belongs ? 1U : 0U));
      const auto decisions = made[partition]->decisions_of(hash, check);
      const auto before = old[partition_of(hash, 4)]->decisions_of(hash, check);
      REQUIRE(before.has_value());
      CHECK(decisions.has_value() == belongs);
      if (!decisions || !decisions->in_force) continue;
      ++decided;
      CHECK(decisions->in_force->id == before->in_force->id);
      CHECK(decisions->in_force->until_ms == before->in_force->until_ms);
    }
  }
  CHECK(decided == 20);
}

TEST_CASE("groups of correlations go along by their own hash", "[score][division][correlation]") {
  const ScoreOptions options = roomy();
  const CorrelationDefinition definition = testing::definition_of(CorrelationType::kEventCount, 5, 60'000);
  testing::EventMaker maker;
  Scorers old = scorers_of(options, 3), undisturbed = scorers_of(options, 3);
  std::vector<Alert> expected, found;
  const auto tell = [&](const Scorers& scorers, int from, int to, std::vector<Alert>& alerts) {
    testing::EventMaker events;
    for (int i = 0; i < to; ++i) {
      const CorrelationEvent event = events.event(definition, "192.0.2." + std::to_string(i % 11), kStartMs + i * 100);
      if (i >= from) scorers[partition_of(event.group_hash, scorers.size())]->observe({}, {&event, 1}, alerts);
    }
  };
  tell(undisturbed, 0, 200, expected);
  tell(old, 0, 120, found);
  const Scorers made = restored(moved(saved(old), options, 4), options);
  tell(made, 120, 200, found);
  for (const auto& scorer : undisturbed)
    scorer->finish(expected);
  for (const auto& scorer : made)
    scorer->finish(found);
  CHECK(expected.size() >= 22);
  CHECK(sorted(describe(found)) == sorted(describe(expected)));
}

TEST_CASE("clients for which there is no room go by what they tell, and are counted", "[score][division]") {
  ScoreOptions options;
  options.clients_max = 40;
  options.chunk_clients = 40;
  Stream stream;
  for (int i = 0; i < 120; ++i)
    stream.add({.client = "c" + std::to_string(i), .at_ms = i, .evidence = i % 6 == 0 ? attack() : PackedEvidence{}});
  Scorers old = scorers_of(options, 4);
  std::vector<Alert> alerts;
  observe(old, stream.observations(), alerts);
  size_t clients = 0, episodes = 0;
  for (const auto& scorer : old) {
    clients += scorer->statistics().clients;
    episodes += scorer->statistics().episodes_open;
  }
  DivisionLosses losses;
  const Scorers made = restored(moved(saved(old), options, 1, &losses), options);
  CHECK(made[0]->statistics().clients + losses.clients == clients);
  CHECK(losses.clients > 0);
  CHECK(losses.episodes == 0);  // all of them have room: the others go first
  CHECK(made[0]->statistics().episodes_open == episodes);
}

TEST_CASE("new partitions begin at the least time of the old ones, but not at one that was left behind",
          "[score][division]") {
  const ScoreOptions options;
  const auto at = [](int64_t ms) {
    return PartitionTimes{PartitionClock::restored(10, kStartMs + ms, kStartMs + ms), {}};
  };
  const std::vector<PartitionTimes> near{at(5000), at(2000), {}, at(9000)};
  CHECK(joint_times(near, options).clock == at(2000).clock);
  const std::vector<PartitionTimes> far{at(5000), at(-90'000'000), at(9000)};
  CHECK(joint_times(far, options).clock == at(5000).clock);
  CHECK(joint_times({}, options).clock.is_new());
}

TEST_CASE("sources that only one partition has heard of hold the clock of the new ones", "[score][division]") {
  PartitionTimes first, second;
  const SourceReport one{.topic = 0, .partition = 0, .time_ms = kStartMs + 1000};
  const SourceReport two{.topic = 0, .partition = 1, .time_ms = kStartMs + 500};
  for (PartitionTimes* times : {&first, &second})
    times->clock.take({&one, 1}, kStartMs);
  first.clock.follow();
  second.clock.follow();
  second.clock.take({&two, 1}, kStartMs + 2000);
  const PartitionTimes joint = joint_times(std::vector{first, second}, {});
  CHECK(joint.clock.now_ms() == kStartMs + 1000);
  REQUIRE(joint.clock.sources().sources().size() == 2);
  CHECK(joint.clock.sources().sources()[1].report.time_ms == kStartMs + 500);
}

TEST_CASE("bytes that are no chunk are refused", "[score][division]") {
  ChunkMerger merger(roomy(), kTopics);
  const ChunkShare all{[](uint64_t) { return true; }, hash_of, true};
  merger.begin(0);
  CHECK(merger.add("damaged bytes", all).error().code == ErrorCode::kParse);
}

}  // namespace weir
