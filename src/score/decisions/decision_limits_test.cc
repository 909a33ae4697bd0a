// What decisions take: their budget per minute, and the room for clients and for who stands behind addresses.
#include "score/decisions/decisions_fixture.h"

using namespace weir;
using namespace weir::decisions_fixture;

namespace {

/// For a policy that bans with the second alert within an hour and has room for so many clients; of one chunk.
ScoreOptions with_room_for(uint32_t clients) {
  DecisionRule often = rule("often", DecisionAction::kBan, kHourMs);
  often.alerts_min = 2;
  often.within = Milliseconds{kHourMs};
  DecisionPolicy policy;
  policy.rules = {often};
  policy.clients_max = clients;
  ScoreOptions options = options_with(std::move(policy));
  options.clients_max = options.chunk_clients = 64;
  return options;
}

}  // namespace

TEST_CASE("for a new client the one is given up that would be forgotten first", "[decisions]") {
  Run run(with_room_for(2));
  REQUIRE(run.scorer.chunk_count() == 1);
  run.attack_of("198.51.100.1", 60'000);
  run.attack_of("198.51.100.2", 0);  // is forgotten a minute before the first
  run.attack_of("198.51.100.3", 120'000);
  // Episodes end after five minutes: each of these opens one.
  run.attack_of("198.51.100.1", 600'000);
  REQUIRE(run.changes.size() == 1);
  CHECK(run.changes.front().decision.client == "198.51.100.1");
  run.attack_of("198.51.100.2", 610'000);
  CHECK(run.changes.size() == 1);
  CHECK(run.scorer.statistics().decisions.no_room == 2);  // counted alerts that were given up
}

TEST_CASE("of many clients those make room that would be forgotten first, in that order", "[decisions]") {
  Run run(with_room_for(4));
  REQUIRE(run.scorer.chunk_count() == 1);
  const auto attack_of = [&](int client, int64_t at_ms) {
    run.attack_of("198.51.100." + std::to_string(client), at_ms);
  };
  attack_of(1, 240'000);
  attack_of(2, 60'000);
  attack_of(3, 180'000);
  attack_of(4, 120'000);
  attack_of(5, 300'000);  // in place of 2
  attack_of(6, 310'000);  // of 4
  CHECK(run.scorer.statistics().decisions.no_room == 2);
  // Episodes end after five minutes: each of these opens one, the second of those that are known.
  for (const int client : {1, 3, 5, 6})
    attack_of(client, 900'000 + client);
  std::vector<std::string> decided;
  for (const DecisionChange& change : run.changes)
    decided.push_back(change.decision.client);
  CHECK(decided == std::vector<std::string>{"198.51.100.1", "198.51.100.3", "198.51.100.5", "198.51.100.6"});
  attack_of(7, 910'000);  // all have decisions in force, which nobody gives up
  CHECK(run.scorer.statistics().decisions.no_room == 3);
  CHECK(run.scorer.statistics().decisions.active == 4);
}

TEST_CASE("the table of who stands behind addresses is bounded, and makes room after a day", "[decisions]") {
  constexpr int64_t kDayMs = 24 * kHourMs;
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  policy.customers_max = 1;
  const auto shared = std::make_shared<const DecisionPolicy>(policy);
  Decisions decisions(shared, 1);
  const auto meet = [&](uint64_t address, int64_t at_ms) {
    for (const uint64_t customer : {1, 2})
      decisions.meet({address, 0}, customer, at_ms, at_ms);
  };
  for (uint64_t address = 1; address <= Decisions::kCompaniesMax; ++address)
    meet(address, kStartMs);
  CHECK(decisions.counts().no_room == 0);
  meet(Decisions::kCompaniesMax + 1, kStartMs + 1);
  CHECK(decisions.counts().no_room == 2);  // for each of its customers
  meet(1, kStartMs + kDayMs - 1);
  meet(Decisions::kCompaniesMax + 1, kStartMs + kDayMs - 1);
  CHECK(decisions.counts().no_room == 4);
  // A day after they came: all but the first, which came again.
  meet(Decisions::kCompaniesMax + 1, kStartMs + kDayMs + 60'000);
  CHECK(decisions.counts().no_room == 4);
  std::string bytes, of_two;
  BinaryWriter out(bytes);
  decisions.save(0, kStartMs, out);
  Decisions two(shared, 1);
  two.meet({1, 0}, 1, kStartMs, kStartMs);
  two.meet({2, 0}, 1, kStartMs, kStartMs);
  BinaryWriter out_of_two(of_two);
  two.save(0, kStartMs, out_of_two);
  CHECK(bytes.size() < 2 * of_two.size());
}

TEST_CASE("a flood of attackers keeps within the budget, and its memory too", "[decisions]") {
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, 24 * kHourMs)};
  policy.per_minute_max = 60;
  policy.clients_max = 200;
  ScoreOptions options = options_with(std::move(policy));
  options.clients_max = 4'096;
  options.chunk_clients = 512;
  Run run(options);
  const uint32_t chunks = run.scorer.chunk_count();
  REQUIRE(chunks == 8);
  for (int minute = 0; minute < 10; ++minute) {
    const size_t before = run.changes.size();
    for (int i = 0; i < 2'000; ++i)
      run.attack_of("198.51." + std::to_string(minute) + "." + std::to_string(i % 256), minute * 60'000 + i * 30);
    // At first a minute's share is saved up, and each chunk's is rounded.
    CHECK(run.changes.size() - before <= 2 * (60 + chunks));
    if (minute < 3) CHECK(run.changes.size() - before >= 40);
  }
  CHECK(run.changes.size() <= 200 + chunks);
  CHECK(run.scorer.statistics().decisions.active == run.changes.size());
  CHECK(run.scorer.statistics().decisions.over_budget > 100);
  CHECK(run.scorer.statistics().decisions.no_room > 0);
}

TEST_CASE("the budget is had once, though the clock goes on from long before the first record",
          "[decisions][sources]") {
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  policy.per_minute_max = 60;
  ScoreOptions options = options_with(std::move(policy));
  options.clients_max = 4'096;
  options.chunk_clients = 512;
  options.episodes.opened_per_minute_max = 80;
  Run run(options);
  REQUIRE(run.scorer.chunk_count() == 8);
  int next = 0;
  const auto flood = [&](int64_t at_ms) {
    for (int i = 0; i < 1'000; ++i, ++next)
      run.attack_of("198.51." + std::to_string(next / 256) + "." + std::to_string(next % 256), at_ms);
  };
  const auto sources_are = [&](int64_t first_ms, int64_t second_ms) {
    const std::vector<SourceReport> reports{{0, 0, first_ms}, {0, 1, second_ms}};
    run.scorer.take_sources(reports, kStartMs);
    run.scorer.follow_sources(run.alerts);
    run.take();
  };
  const auto opened = [&] {
    return std::count_if(run.alerts.begin(), run.alerts.end(), [](const Alert& alert) {
      return alert.phase == EpisodePhase::kOpened && alert.client_kind != ClientKind::kGroup;
    });
  };
  sources_are(kStartMs, SourceReport::kNoTime);
  flood(0);
  const size_t had = run.changes.size();
  CHECK(had >= 40);
  CHECK(opened() == 80);
  // The other source is an hour behind, then both are where the first was.
  sources_are(kStartMs, kStartMs - kHourMs);
  REQUIRE(*run.scorer.now() == EventTime{Milliseconds{kStartMs - kHourMs}});
  flood(0);
  CHECK(run.changes.size() <= had + 8);  // what a chunk had left
  sources_are(kStartMs, kStartMs - kHourMs + 60'000);
  flood(0);
  CHECK(run.changes.size() >= had + 40);  // it does not last until the first record's time
  CHECK(run.changes.size() <= 120 + 16);
}
