#include "score/scorer.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "alert/message.h"
#include "base/catch.h"
#include "score/client_table.h"
#include "score/partition_clock.h"
#include "score/scoring_fixture.h"

namespace weir {
namespace {

using namespace scoring_fixture;

/// 10 requests of 5 addresses and 3 agents at irregular times.
void add_abuser(Stream& stream, const std::string& client = "abuser", int64_t from_ms = 0) {
  constexpr std::array<int64_t, 10> kAt{0, 300, 2100, 2400, 5900, 6000, 9700, 11200, 15500, 15900};
  for (size_t i = 0; i < kAt.size(); ++i) {
    stream.add({.client = client,
                .at_ms = from_ms + kAt[i],
                .address = "198.51.100." + std::to_string(i % 5),
                .user_agent = 1 + i % 3});
  }
}

std::vector<uint64_t> counts_of(const std::vector<Alert>& alerts) {
  std::vector<uint64_t> counts;
  for (const Alert& alert : alerts)
    counts.push_back(alert.count);
  return counts;
}

std::vector<EpisodePhase> phases_of(const std::vector<Alert>& alerts) {
  std::vector<EpisodePhase> phases;
  for (const Alert& alert : alerts)
    phases.push_back(alert.phase);
  return phases;
}

using enum EpisodePhase;

}  // namespace

TEST_CASE("strangers whose address could not be read are no client together: only attacks are told of them",
          "[score]") {
  const auto strangers = [](std::string_view address) {
    Stream stream;
    for (int i = 0; i < 400; ++i) {
      auto& record = stream.add({.client = "unknown",
                                 .at_ms = i * 50,
                                 .address = std::string(address),
                                 .user_agent = static_cast<uint64_t>(i),
                                 .flags = static_cast<uint8_t>(ObservationFlag::kBotUserAgent),
                                 .evidence = i == 7 ? attack() : PackedEvidence{}});
      record.client_kind = ClientKind::kAddress;
      record.status = 404;
      record.path_hash = static_cast<uint64_t>(i) * 7919;
    }
    std::set<AlertKind> kinds;
    for (const Alert& alert : all_alerts_of(stream.observations()))
      kinds.insert(alert.kind);
    return kinds;
  };
  CHECK(strangers("::") == std::set{AlertKind::kAttack});
  CHECK(strangers("192.0.2.1").size() > 1);  // the same of somebody
}

TEST_CASE("5 addresses and 3 agents in 10 requests are suspicious with 50 points and both reasons", "[score]") {
  Stream stream;
  add_abuser(stream);
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].kind == AlertKind::kAbuse);
  CHECK(alerts[0].verdict.suspicious);
  CHECK(alerts[0].verdict.risk_score == 50);
  CHECK(alerts[0].verdict.reasons == (static_cast<AbuseReasons>(AbuseReason::kRapidIpChanges) |
                                      static_cast<AbuseReasons>(AbuseReason::kUserAgentRotation)));
  CHECK(alerts[0].at.offset == 4);  // the fifth address comes with the fifth request
  CHECK(alerts[0].client == "abuser");
}

TEST_CASE("an abuse episode opens with the record that makes the client suspicious and counts only suspicious ones",
          "[score]") {
  Stream stream;
  add_abuser(stream);
  const auto alerts = all_alerts_of(stream.observations());
  REQUIRE(phases_of(alerts) == std::vector{kOpened, kClosed});
  CHECK(alerts[1].count == 6);  // requests 5 to 10
}

TEST_CASE("the first malicious record of a client gives an alert at once, with its evidence", "[score]") {
  Stream stream;
  stream.add({.at_ms = 0});
  stream.add({.at_ms = 10, .address = "203.0.113.9", .evidence = attack(Level::kCritical, Category::kXss)});
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].phase == kOpened);
  CHECK(alerts[0].severity == Level::kCritical);
  CHECK(alerts[0].categories == mask_of(Category::kXss));
  CHECK(alerts[0].at == RecordCoordinates{0, 0, 1});
  CHECK(alerts[0].address == *IpAddress::parse("203.0.113.9"));
  CHECK(alerts[0].evidence);
}

TEST_CASE("a flood becomes updates at the configured counts", "[score]") {
  Stream stream;
  for (int i = 0; i < 1500; ++i)
    stream.add({.at_ms = i, .evidence = attack()});
  CHECK(counts_of(alerts_of(stream.observations())) == std::vector<uint64_t>{1, 10, 100, 1000});
  CHECK(counts_of(all_alerts_of(stream.observations())).back() == 1500);
}

TEST_CASE("a slow episode is updated each minute of event time", "[score]") {
  Stream stream;
  for (int i = 0; i < 9; ++i)
    stream.add({.at_ms = i * 20'000, .evidence = attack()});
  const auto alerts = alerts_of(stream.observations());
  CHECK(counts_of(alerts) == std::vector<uint64_t>{1, 4, 7});
  CHECK(phases_of(alerts) == std::vector{kOpened, kUpdated, kUpdated});
}

TEST_CASE("a rise in severity is told at once and stays", "[score]") {
  Stream stream;
  stream.add({.at_ms = 0, .evidence = attack(Level::kLow)});
  stream.add({.at_ms = 1, .evidence = attack(Level::kLow)});
  stream.add({.at_ms = 2, .evidence = attack(Level::kCritical, Category::kCmdi)});
  stream.add({.at_ms = 3, .evidence = attack(Level::kLow)});
  const auto alerts = all_alerts_of(stream.observations());
  REQUIRE(counts_of(alerts) == std::vector<uint64_t>{1, 3, 4});
  CHECK(alerts[1].severity == Level::kCritical);
  CHECK(alerts[2].severity == Level::kCritical);
  CHECK(alerts[2].categories == (mask_of(Category::kSqli) | mask_of(Category::kCmdi)));
}

TEST_CASE("an episode closes when the partition's time has left it behind, and says its count", "[score]") {
  Stream stream;
  for (int i = 0; i < 3; ++i)
    stream.add({.client = "attacker", .at_ms = i * 1000, .evidence = attack()});
  stream.add({.client = "other", .at_ms = 2000 + 300'000 + 60'000 - 1});
  stream.add({.client = "other", .at_ms = 2000 + 300'000 + 60'000});
  CHECK(alerts_of(stream.observations()).size() == 1);
  stream.add({.client = "other", .at_ms = 2000 + 300'000 + 60'000});
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(phases_of(alerts) == std::vector{kOpened, kClosed});
  CHECK(alerts[1].count == 3);
  CHECK(alerts[1].client == "attacker");
  CHECK(alerts[1].at.offset == 2);
  CHECK(alerts[1].last_seen == stream.observations()[2].time);
}

TEST_CASE("an episode reaches from its earliest record to its latest, in whatever order they come", "[score]") {
  Stream stream;
  for (const int64_t at_ms : {20'000, 30'000, 5'000, 25'000})
    stream.add({.client = "attacker", .at_ms = at_ms, .evidence = attack()});
  for (int i = 0; i < 3; ++i)
    stream.add({.client = "other", .at_ms = 30'000 + 300'000 + 60'000});
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(!alerts.empty());
  REQUIRE(alerts.back().phase == kClosed);
  CHECK(alerts.back().count == 4);
  CHECK(alerts.back().first_seen == stream.observations()[2].time);
  CHECK(alerts.back().last_seen == stream.observations()[1].time);
}

TEST_CASE("a client that comes back after the idle time gets a new episode, just before it does not", "[score]") {
  const auto phases = [](int64_t gap_ms) {
    Stream stream;
    stream.add({.at_ms = 0, .evidence = attack()});
    stream.add({.at_ms = gap_ms, .evidence = attack()});
    return phases_of(alerts_of(stream.observations()));
  };
  CHECK(phases(299'999) == std::vector{kOpened, kUpdated});
  CHECK(phases(300'000) == std::vector{kOpened, kClosed, kOpened});
}

TEST_CASE("attack and abuse episodes of one client are apart", "[score]") {
  Stream stream;
  add_abuser(stream);
  stream.add({.client = "abuser", .at_ms = 16'000, .user_agent = 9, .evidence = attack()});
  const auto alerts = all_alerts_of(stream.observations());
  std::map<AlertKind, std::set<std::string>> ids;
  for (const Alert& alert : alerts)
    ids[alert.kind].insert(alert.episode_id);
  CHECK(ids[AlertKind::kAttack].size() == 1);
  CHECK(ids[AlertKind::kAbuse].size() == 1);
  CHECK(ids[AlertKind::kAttack] != ids[AlertKind::kAbuse]);
}

TEST_CASE("alert ids are unique UUIDs of version 8, and those of an episode share one", "[score]") {
  Stream stream;
  for (int i = 0; i < 200; ++i)
    stream.add({.client = i % 2 == 0 ? "a" : "b", .at_ms = i, .evidence = attack()});
  const auto alerts = all_alerts_of(stream.observations());
  std::set<std::string> ids, episodes;
  for (const Alert& alert : alerts) {
    ids.insert(alert.id);
    episodes.insert(alert.episode_id);
    CHECK(alert.id.size() == 36);
    CHECK(alert.id[14] == '8');
  }
  CHECK(ids.size() == alerts.size());
  CHECK(episodes.size() == 2);
}

TEST_CASE("alert ids come from the topic's name, not from its place in the configuration", "[score]") {
  Stream stream;
  stream.add({.evidence = attack()});
  const auto id_with = [&](const std::vector<std::string>& topics, uint16_t topic) {
    std::vector<Observation> observations = stream.observations();
    observations[0].at.topic = topic;
    Scorer scorer({}, topics);
    std::vector<Alert> alerts;
    scorer.observe(observations, alerts);
    return alerts.at(0).id;
  };
  CHECK(id_with({"a", "b"}, 1) == id_with({"b"}, 0));
  CHECK(id_with({"a", "b"}, 0) != id_with({"a", "b"}, 1));
}

TEST_CASE("a client idle for its time to live starts afresh", "[score]") {
  const auto addresses_after = [](int64_t gap_ms) {
    Stream stream;
    for (int i = 0; i < 4; ++i) {
      stream.add({.at_ms = i * 700 + i * i * 90,
                  .address = "198.51.100." + std::to_string(i),
                  .user_agent = 1U + unsigned(i)});
    }
    stream.add({.at_ms = 2910 + gap_ms, .address = "198.51.100.9"});
    return alerts_of(stream.observations()).size();
  };
  CHECK(addresses_after(3'599'999) == 1);
  CHECK(addresses_after(3'600'000) == 0);
}

TEST_CASE("idle clients are forgotten", "[score]") {
  Stream stream;
  for (int i = 0; i < 100; ++i)
    stream.add({.client = "c" + std::to_string(i), .at_ms = i});
  for (int i = 0; i < 200; ++i)
    stream.add({.client = "late", .at_ms = 600'000 * i});
  ScoreOptions options;
  options.clients_max = 1000;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  CHECK(scorer.statistics().clients == 1);
  CHECK(scorer.statistics().clients_expired == 100);
}

TEST_CASE("one record far in the future forgets nobody and closes nothing", "[score]") {
  Stream stream;
  for (int i = 0; i < 50; ++i)
    stream.add({.client = "c" + std::to_string(i), .at_ms = i, .evidence = attack()});
  stream.add({.client = "liar", .at_ms = 100'000'000'000});
  for (int i = 0; i < 50; ++i)
    stream.add({.client = "c" + std::to_string(i), .at_ms = 100 + i, .evidence = attack()});
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  CHECK(scorer.statistics().clients == 51);
  CHECK(scorer.statistics().episodes_open == 50);
  CHECK(alerts.size() == 50);
}

TEST_CASE("a flood that lags hours behind the other records is still one episode", "[score]") {
  Stream stream;
  for (int i = 0; i < 2000; ++i) {
    stream.add({.client = "on-time-" + std::to_string(i % 7), .at_ms = 20'000'000 + i * 100});
    stream.add({.client = "late", .at_ms = i * 100, .evidence = attack()});
  }
  const auto alerts = all_alerts_of(stream.observations());
  std::set<std::string> episodes;
  for (const Alert& alert : alerts)
    episodes.insert(alert.episode_id);
  CHECK(episodes.size() == 1);
  CHECK(alerts.back().count == 2000);
}

TEST_CASE("a client that lags behind the others is not forgotten while it comes", "[score]") {
  Stream stream;
  for (int i = 0; i < 40; ++i) {
    stream.add({.client = "on-time", .at_ms = 20'000'000 + i * 590'000});
    stream.add({.client = "late",
                .at_ms = i * 590'000 + (i % 3) * 50'000,
                .address = "198.51.100." + std::to_string(i % 5),
                .user_agent = 1U + unsigned(i % 3)});
  }
  ScoreOptions options;
  options.episodes.idle_close = Milliseconds{3'600'000};
  const auto alerts = all_alerts_of(stream.observations(), options);
  REQUIRE(alerts.size() > 2);
  CHECK(alerts.back().phase == kClosed);
  CHECK(alerts.back().count == 36);  // all from the fifth on
}

TEST_CASE("the table never holds more clients than allowed, and counts whom it evicts", "[score]") {
  ScoreOptions options;
  options.clients_max = 100;
  Scorer scorer(options, kTopics);
  Stream stream;
  for (int i = 0; i < 5000; ++i)
    stream.add({.client = "random-" + std::to_string(i), .at_ms = i});
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  CHECK(scorer.statistics().clients == 100);
  CHECK(scorer.statistics().clients_evicted == 4900);
}

TEST_CASE("a flood of random clients pushes out neither an offender nor a client that keeps coming", "[score]") {
  ScoreOptions options;
  options.clients_max = 100;
  Stream stream;
  constexpr std::array<int64_t, 5> kAt{0, 300, 2100, 2400, 5900};
  stream.add({.client = "offender", .at_ms = 0, .evidence = attack()});
  for (int i = 0; i < 1000; ++i) {
    stream.add({.client = "random-" + std::to_string(i), .at_ms = i});
    // Its five addresses and three agents come far apart, each with many random clients between.
    if (i % 50 == 0 && i / 50 < 5) {
      stream.add({.client = "regular",
                  .at_ms = kAt[size_t(i) / 50],
                  .address = "198.51.100." + std::to_string(i / 50),
                  .user_agent = 1U + unsigned(i) / 50});
    }
  }
  stream.add({.client = "offender", .at_ms = 5000, .evidence = attack()});
  const auto alerts = all_alerts_of(stream.observations(), options);
  const auto closed =
      std::count_if(alerts.begin(), alerts.end(), [](const Alert& alert) { return alert.phase == kClosed; });
  CHECK(closed == 2);
  for (const Alert& alert : alerts) {
    if (alert.phase == kClosed && alert.kind == AlertKind::kAttack) CHECK(alert.count == 2);
    if (alert.kind == AlertKind::kAbuse) CHECK(alert.client == "regular");
  }
}

TEST_CASE("if only clients with open episodes are left, the oldest is closed, not lost", "[score]") {
  ScoreOptions options;
  options.clients_max = 10;
  Stream stream;
  for (int i = 0; i < 30; ++i)
    stream.add({.client = "attacker-" + std::to_string(i), .at_ms = i, .evidence = attack()});
  const auto alerts = all_alerts_of(stream.observations(), options);
  uint64_t sum = 0;
  for (const Alert& alert : alerts)
    sum += alert.phase == kClosed ? alert.count : 0;
  CHECK(sum == 30);
}

TEST_CASE("an alert names what else is open of its client, by the alert that opened it", "[score]") {
  Stream stream;
  stream.add({.client = "bystander", .evidence = attack()});
  stream.add({.client = "one", .at_ms = 1'000, .evidence = attack()});
  for (int i = 0; i < 10; ++i)
    stream.add({.client = "one", .at_ms = 2'000 + i}).status = 401;
  stream.add({.client = "one", .at_ms = 3'000, .evidence = attack(Level::kHigh, Category::kXss)});
  const auto alerts = all_alerts_of(stream.observations());
  REQUIRE(alerts.size() == 7);
  const Alert &opened = alerts[1], &burst = alerts[2], &updated = alerts[3];
  CHECK(opened.related.empty());
  REQUIRE(burst.kind == AlertKind::kBurst);
  REQUIRE(burst.related.size() == 1);
  CHECK(burst.related[0].opening_id == opened.id);
  CHECK(burst.related[0].episode_id == opened.episode_id);
  CHECK(burst.related[0].kind == AlertKind::kAttack);
  CHECK(burst.related[0].title == "Attack requests: sqli");
  REQUIRE(updated.phase == EpisodePhase::kUpdated);
  REQUIRE(updated.related.size() == 1);
  CHECK(updated.related[0].opening_id == burst.id);
  CHECK(updated.related[0].episode_id == burst.episode_id);
  CHECK(updated.related[0].title == title_of(burst));
  for (size_t i = 4; i < alerts.size(); ++i)
    CHECK(alerts[i].related.empty());  // closing: what was open by then would depend on others' traffic
}

TEST_CASE("what the client's own time has ended is not named, whatever the partition's time", "[score]") {
  Stream stream;
  stream.add({.client = "one", .evidence = attack()});
  for (int i = 0; i < 10; ++i) {
    Observation& count = stream.add(
        {.client = "one", .at_ms = 300'000 + i, .flags = static_cast<uint8_t>(ObservationFlag::kAddressCount)});
    count.status = 401;
  }
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[1].kind == AlertKind::kBurst);
  CHECK(alerts[1].related.empty());
}

TEST_CASE("two clients with the same hash are told apart", "[score]") {
  Stream stream;
  for (int i = 0; i < 5; ++i) {
    for (const char* client : {"a", "b"}) {
      stream
          .add({.client = client,
                .at_ms = i * 900 + i * i * 70,
                .address = std::string("198.51.100.") + (client[0] == 'a' ? "1" : std::to_string(i)),
                .user_agent = client[0] == 'a' ? 1U : 1U + unsigned(i)})
          .client_hash = 42;
    }
  }
  const auto alerts = alerts_of(stream.observations());
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].client == "b");
}

TEST_CASE("records counted without an alert of their own are counted as suppressed", "[score]") {
  Stream stream;
  for (int i = 0; i < 25; ++i)
    stream.add({.at_ms = i, .evidence = attack()});
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  CHECK(scorer.statistics().alerts_suppressed == 23);
  CHECK(scorer.statistics().observations == 25);
  CHECK(scorer.statistics().episodes_open == 1);
}

TEST_CASE("clients with the same hash are found after one of them is gone", "[score]") {
  ClientTable table(10, 1, 30);
  const ClientSlot first = table.insert(7, 1, 0);
  table.insert(7, 2, 0);
  table.insert(8, 3, 0);  // its own place is taken by the second
  table.remove(first);
  CHECK(table.find(7, 1) == kNoClient);
  CHECK(table.find(7, 2) != kNoClient);
  CHECK(table.find(8, 3) != kNoClient);
}

TEST_CASE("clients keep their storage to themselves, however many of its pages fit into a huge page", "[score]") {
  constexpr uint32_t kClients = 16 * 1024;
  // A page of 2 MiB less a little, of exactly that, and of more.
  for (const uint32_t words : {40U, 488U, 496U, 504U}) {
    CAPTURE(words);
    ClientTable table(kClients, 1, words);
    bool zeroed = true;
    for (uint32_t i = 0; i < kClients; ++i) {
      const ClientSlot slot = table.insert(i, i, 0);
      zeroed &= std::all_of(table.window(slot), table.window(slot) + words, [](uint32_t word) { return word == 0; });
      std::fill_n(table.window(slot), words, i);
    }
    CHECK(zeroed);
    bool whole = true;
    for (uint32_t i = 0; i < kClients; ++i) {
      const ClientSlot slot = table.find(i, i);
      REQUIRE(slot != kNoClient);
      whole &= std::all_of(table.window(slot), table.window(slot) + words, [i](uint32_t word) { return word == i; });
    }
    CHECK(whole);
  }
}

TEST_CASE("a slot of the client table is reused and its queues stay whole", "[score]") {
  ClientTable table(1000, 1, 30);
  std::vector<ClientSlot> slots;
  for (uint64_t i = 0; i < 1000; ++i)
    slots.push_back(table.insert(i * 7919, i, 0));
  CHECK(table.full(0));
  for (size_t i = 0; i < slots.size(); i += 2)
    table.remove(slots[i]);
  CHECK(table.size() == 500);
  for (uint64_t i = 0; i < 1000; i += 2)
    table.insert(i * 7919, i, 1);
  for (uint64_t i = 0; i < 1000; ++i)
    CHECK(table.find(i * 7919, i) != kNoClient);
  CHECK(table.find(7919, 99) == kNoClient);
  size_t removed = 0;
  for (ClientSlot slot = table.front(0, ClientRank::kUnscored); slot != kNoClient;
       slot = table.front(0, ClientRank::kUnscored)) {
    CHECK(table.entry(slot).check % 2 == (removed < 500 ? 1U : 0U));  // the longest queued first
    table.remove(slot);
    ++removed;
  }
  CHECK(removed == 1000);
}

TEST_CASE("what a record adds for its address does not confirm the record's time") {
  PartitionClock clock;
  clock.advance(1'000);
  clock.advance(1'000, PartitionClock::Of::kAddress);
  clock.advance(900'000);
  clock.advance(900'000, PartitionClock::Of::kAddress);
  CHECK(clock.now_ms() == 1'000);
  clock.advance(5'000);
  CHECK(clock.now_ms() == 5'000);
}

}  // namespace weir
