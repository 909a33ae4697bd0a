#include "lane/state/state_division.h"

#include <memory>
#include <set>
#include <vector>

#include "base/catch.h"
#include "lane/block_router.h"
#include "score/client_check.h"
#include "score/random_traffic.h"
#include "score/report/client_report.h"
#include "score/scorer.h"

namespace weir {
namespace {

using namespace scoring_fixture;

uint64_t hash_of(ClientKind, std::string_view client) {
  return std::hash<std::string_view>{}(client);
}

ScoreOptions few_chunks() {
  ScoreOptions options;
  options.clients_max = 2000;
  options.chunk_clients = 500;
  return options;
}

/// The states of partitions that had these observations, each those of its clients.
std::vector<WholeState> states_of(const Stream& stream, int32_t partitions) {
  std::vector<WholeState> states(static_cast<size_t>(partitions));
  for (int32_t partition = 0; partition < partitions; ++partition) {
    Scorer scorer(few_chunks(), kTopics);
    std::vector<Alert> alerts;
    bool any = false;
    for (const Observation& record : stream.observations()) {
      if (partition_of(record.client_hash, partitions) != partition) continue;
      scorer.observe({&record, 1}, alerts);
      any = true;
    }
    if (!any) continue;  // as a partition of which nothing was ever scored
    WholeState& state = states[static_cast<size_t>(partition)];
    state.times = scorer.times();
    state.chunks.resize(scorer.chunk_count());
    for (uint32_t chunk = 0; chunk < scorer.chunk_count(); ++chunk)
      scorer.save(chunk, state.chunks[chunk]);
  }
  return states;
}

}  // namespace

TEST_CASE("each client is in the partition to which its observations are sent", "[lane][state]") {
  const int32_t from = GENERATE(1, 4, 6, 12), to = GENERATE(1, 3, 4, 9);
  Stream stream;
  for (int i = 0; i < 300; ++i)
    stream.add({.client = "c" + std::to_string(i % 150),
                .at_ms = i * 10,
                .evidence = i % 2 == 0 ? attack() : PackedEvidence{}});
  StateDivision division(few_chunks(), kTopics, states_of(stream, from), to, hash_of);
  std::set<std::string> found;
  for (int32_t partition = 0; partition < to; ++partition) {
    Scorer scorer(few_chunks(), kTopics);
    scorer.begin_restore();
    for (uint32_t chunk = 0; chunk < division.chunk_count(); ++chunk) {
      std::string bytes;
      REQUIRE(division.make(partition, chunk, bytes));
      REQUIRE(scorer.load(chunk, bytes));
    }
    for (const Observation& record : stream.observations()) {
      const auto report = scorer.report(record.client_hash, client_check(record.client_kind, record.client));
      REQUIRE(report.has_value() == (partition_of(record.client_hash, to) == partition));
      if (!report) continue;
      CHECK(report->window.requests == 2);
      found.emplace(record.client);
    }
  }
  CHECK(found.size() == 150);
  CHECK(division.made().clients == 150);
  CHECK(division.made().episodes == 75);
  CHECK(division.losses().clients == 0);
}

TEST_CASE("a division of nothing is empty, and one with damaged bytes fails", "[lane][state]") {
  StateDivision nothing(few_chunks(), kTopics, std::vector<WholeState>(3), 2, hash_of);
  std::string bytes;
  REQUIRE(nothing.make(1, 0, bytes));
  CHECK(nothing.made().clients == 0);
  CHECK(nothing.set_back() == Milliseconds(0));
  std::vector<WholeState> damaged(2);
  damaged[1].chunks.assign(nothing.chunk_count(), "no chunk");
  StateDivision broken(few_chunks(), kTopics, std::move(damaged), 3, hash_of);
  CHECK(broken.make(0, 0, bytes).error().code == ErrorCode::kParse);
}

}  // namespace weir
