#include <algorithm>
#include <map>
#include <set>

#include "base/catch.h"
#include "score/random_traffic.h"

// Properties of the whole scorer over random traffic (AB5, AL2). The seeds are fixed: a failure repeats.

namespace weir {
namespace {

using namespace scoring_fixture;

/// What is promised of the order: that of the alerts of one client and kind. A client's bursts may overlap, and close when others'
/// traffic lets the time pass: in any order.
std::map<std::pair<std::string, AlertKind>, std::vector<std::string>> by_client_and_kind(
    const std::vector<Alert>& alerts) {
  std::map<std::pair<std::string, AlertKind>, std::vector<std::string>> clients;
  for (const Alert& alert : alerts)
    clients[{alert.client, alert.kind}].push_back(describe(alert));
  for (auto& [client_and_kind, texts] : clients) {
    if (client_and_kind.second == AlertKind::kBurst) std::sort(texts.begin(), texts.end());
  }
  return clients;
}

}  // namespace

TEST_CASE("how the sequence is cut into batches never changes the alerts", "[score][property]") {
  for (const uint32_t clients_max : {1'000'000U, 20U}) {  // with and without evictions
    ScoreOptions options;
    options.clients_max = clients_max;
    Stream stream;
    add_random(stream, 1, 20'000, 60, "c");
    const auto whole = describe(all_alerts_of(stream.observations(), options));
    REQUIRE(whole.size() > 500);
    REQUIRE(std::any_of(whole.begin(), whole.end(),
                        [](const std::string& text) { return text.find(" beside ") != std::string::npos; }));
    for (const size_t batch : {size_t{1}, size_t{7}, size_t{32}, size_t{33}, size_t{1000}}) {
      Scorer scorer(options, kTopics);
      std::vector<Alert> alerts;
      const std::span<const Observation> all = stream.observations();
      for (size_t begin = 0; begin < all.size(); begin += batch) {
        scorer.observe(all.subspan(begin, std::min(batch, all.size() - begin)), alerts);
      }
      scorer.finish(alerts);
      CHECK(describe(alerts) == whole);
    }
  }
}

TEST_CASE("a replay gives the same alerts", "[score][property]") {
  Stream stream;
  add_random(stream, 2, 20'000, 60, "c");
  CHECK(describe(all_alerts_of(stream.observations())) == describe(all_alerts_of(stream.observations())));
}

TEST_CASE("the traffic of other clients never changes a client's alerts", "[score][property]") {
  for (const uint32_t seed : {3U, 4U, 5U}) {
    Stream stream;
    add_random(stream, seed, 20'000, 40, "c");
    const auto together = by_client_and_kind(all_alerts_of(stream.observations()));
    std::set<std::string> names;
    for (const auto& [client_and_kind, expected] : together)
      names.insert(client_and_kind.first);
    std::map<std::pair<std::string, AlertKind>, std::vector<std::string>> alone;
    size_t compared = 0;
    for (const std::string& name : names) {
      std::vector<Observation> own;
      std::copy_if(stream.observations().begin(), stream.observations().end(), std::back_inserter(own),
                   [&](const Observation& record) { return record.client == name; });
      for (auto& [client_and_kind, alerts] : by_client_and_kind(all_alerts_of(own))) {
        compared += alerts.size();
        alone[client_and_kind] = std::move(alerts);
      }
    }
    CHECK(alone == together);
    CHECK(compared > 300);
  }
}

TEST_CASE("the final counts of attack episodes add up to the malicious records", "[score][property]") {
  for (const uint32_t clients_max : {1'000'000U, 15U}) {
    ScoreOptions options;
    options.clients_max = clients_max;
    Stream stream;
    add_random(stream, 6, 30'000, 80, "c");
    const auto& all = stream.observations();
    const auto malicious =
        std::count_if(all.begin(), all.end(), [](const auto& record) { return bool(record.evidence); });
    uint64_t counted = 0, opened = 0, closed = 0;
    for (const Alert& alert : all_alerts_of(all, options)) {
      if (alert.kind != AlertKind::kAttack) continue;
      opened += alert.phase == EpisodePhase::kOpened;
      closed += alert.phase == EpisodePhase::kClosed;
      if (alert.phase == EpisodePhase::kClosed) counted += alert.count;
    }
    CHECK(counted == static_cast<uint64_t>(malicious));
    CHECK(opened == closed);
  }
}

TEST_CASE("a campaign gives a bounded number of alerts whose counts add up exactly", "[score][property]") {
  constexpr int kClients = 50, kRecords = 1'000'000;
  const PackedEvidence evidence = attack();
  Stream names;
  for (int i = 0; i < kClients; ++i)
    names.add({.client = "bot-" + std::to_string(i), .evidence = evidence});
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  std::vector<Observation> batch;
  for (int i = 0; i < kRecords; ++i) {
    batch.push_back(names.observations()[static_cast<size_t>(i % kClients)]);
    batch.back().at.offset = i;
    batch.back().time += Milliseconds{i / 1000};  // a million records a second
    if (batch.size() == 4096 || i + 1 == kRecords) {
      scorer.observe(batch, alerts);
      batch.clear();
    }
  }
  scorer.finish(alerts);
  uint64_t counted = 0;
  for (const Alert& alert : alerts)
    counted += alert.phase == EpisodePhase::kClosed ? alert.count : 0;
  CHECK(counted == kRecords);
  CHECK(alerts.size() == kClients * 6);  // opened, 10, 100, 1,000, 10,000, closed
}

TEST_CASE("a flood from ever new clients gives a bounded number of alerts whose counts add up exactly",
          "[score][property]") {
  constexpr int kRecords = 200'000, kPerMinute = 600, kMinutes = 4;
  ScoreOptions options;
  options.clients_max = 20'000;
  options.episodes.opened_per_minute_max = kPerMinute;
  const PackedEvidence evidence = attack();
  Stream stream;
  for (int i = 0; i < kRecords; ++i) {
    stream.add({.client = "bot-" + std::to_string(i * 7919LL % 100'000),
                .at_ms = int64_t{i} * 60'000 * kMinutes / kRecords,
                .evidence = evidence});
  }
  const auto alerts = all_alerts_of(stream.observations(), options);
  const uint32_t chunks = Scorer(options, kTopics).chunk_count();
  uint64_t counted = 0, summarised = 0, opened = 0;
  for (const Alert& alert : alerts) {
    opened += alert.phase == EpisodePhase::kOpened;
    if (alert.phase != EpisodePhase::kClosed) continue;
    counted += alert.count;
    summarised += alert.client_kind == ClientKind::kGroup ? alert.count : 0;
  }
  CHECK(counted == kRecords);
  CHECK(summarised > kRecords / 2);
  CHECK(opened <= uint64_t{kMinutes + 1} * (kPerMinute + chunks) + chunks);
}

TEST_CASE("5 million attack records of 50 clients", "[flood]") {
  constexpr int kClients = 50, kRecords = 5'000'000;
  const PackedEvidence evidence = attack();
  Stream names;
  for (int i = 0; i < kClients; ++i)
    names.add({.client = "bot-" + std::to_string(i), .evidence = evidence});
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  for (int i = 0; i < kRecords; ++i) {
    Observation record = names.observations()[static_cast<size_t>(i % kClients)];
    record.at.offset = i;
    record.time += Milliseconds{i / 1000};
    scorer.observe({&record, 1}, alerts);
  }
  scorer.finish(alerts);
  uint64_t counted = 0;
  for (const Alert& alert : alerts)
    counted += alert.phase == EpisodePhase::kClosed ? alert.count : 0;
  CHECK(counted == kRecords);
  CHECK(alerts.size() <= kClients * 12);
}

}  // namespace weir
