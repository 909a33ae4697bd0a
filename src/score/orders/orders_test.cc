#include <algorithm>

#include "base/catch.h"
#include "score/client_check.h"
#include "score/orders/silences.h"
#include "score/report/client_report.h"
#include "score/scorer.h"
#include "score/scoring_fixture.h"

using namespace weir;
using namespace weir::scoring_fixture;

namespace {

uint64_t hash_of(std::string_view client) {
  return std::hash<std::string_view>{}(client);
}
uint64_t check_of(std::string_view client) {
  return client_check(ClientKind::kCustomer, client);
}

/// Orders point at the client's name, as real ones do: it outlives them.
ClientOrder silence(std::string_view client, int64_t until_ms, std::string_view episode = {}) {
  return {OrderKind::kSilence,
          ClientKind::kCustomer,
          client,
          hash_of(client),
          episode,
          kStartMs + until_ms,
          "a test",
          "ops"};
}
ClientOrder forget(std::string_view client) {
  return {OrderKind::kForget, ClientKind::kCustomer, client, hash_of(client), {}, 0, "a test", "ops"};
}

/// One attack a second of each of these clients.
std::vector<Observation> attacks(Stream& stream, int64_t from_s, int64_t to_s, std::vector<std::string> clients) {
  const size_t before = stream.observations().size();
  for (int64_t second = from_s; second < to_s; ++second)
    for (const std::string& client : clients)
      stream.add({.client = client, .at_ms = second * 1'000, .evidence = attack()});
  return {stream.observations().begin() + static_cast<std::ptrdiff_t>(before), stream.observations().end()};
}

size_t alerts_of_client(const std::vector<Alert>& alerts, const std::string& client) {
  return static_cast<size_t>(
      std::count_if(alerts.begin(), alerts.end(), [&](const Alert& alert) { return alert.client == client; }));
}

std::vector<std::string> ids_of(const std::vector<Alert>& alerts) {
  std::vector<std::string> ids;
  for (const Alert& alert : alerts)
    ids.push_back(alert.id);
  return ids;
}

}  // namespace

TEST_CASE("a silenced client has no alerts until the silence ends, and its episode goes on with its count",
          "[orders]") {
  const std::string a = "a", b = "b";
  Stream stream;
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  const ClientOrder order = silence(a, 30'000);
  scorer.decide({&order, 1}, alerts);
  scorer.observe(attacks(stream, 0, 20, {a, b}), alerts);
  CHECK(alerts_of_client(alerts, a) == 0);
  CHECK(alerts_of_client(alerts, b) >= 2);
  CHECK(scorer.statistics().alerts_silenced == alerts_of_client(alerts, b));
  CHECK(scorer.statistics().silences == 1);
  REQUIRE(scorer.silences_of(hash_of(a), check_of(a)).size() == 1);
  CHECK(scorer.silences_of(hash_of(a), check_of(a)).front().reason == "a test");
  CHECK(scorer.report(hash_of(a), check_of(a))->episodes.front().count == 20);

  alerts.clear();
  scorer.observe(attacks(stream, 20, 140, {a, b}), alerts);
  REQUIRE(alerts_of_client(alerts, a) >= 1);
  for (const Alert& alert : alerts) {
    if (alert.client != a) continue;
    CHECK(alert.time >= EventTime{Milliseconds{kStartMs + 30'000}});
    CHECK(alert.count > 30);
  }
}

TEST_CASE("a silence of one episode leaves the others, and can be ended", "[orders]") {
  const std::string a = "a";
  Stream stream;
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(attacks(stream, 0, 1, {a}), alerts);
  REQUIRE(alerts.size() == 1);
  const std::string episode = alerts.front().episode_id;
  alerts.clear();
  const std::vector<ClientOrder> silenced{silence(a, 900'000, episode), silence(a, 900'000, "another")};
  scorer.decide(silenced, alerts);
  CHECK(scorer.silences_of(hash_of(a), check_of(a)).size() == 2);
  scorer.observe(attacks(stream, 1, 100, {a}), alerts);
  CHECK(alerts.empty());
  const ClientOrder ended = silence(a, -1'000'000, episode);
  scorer.decide({&ended, 1}, alerts);
  CHECK(scorer.silences_of(hash_of(a), check_of(a)).size() == 1);
  scorer.observe(attacks(stream, 100, 200, {a}), alerts);
  CHECK_FALSE(alerts.empty());
}

TEST_CASE("to forget a client closes its episodes and leaves nothing of it", "[orders]") {
  const std::string a = "a", b = "b";
  Stream stream;
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(attacks(stream, 0, 5, {a, b}), alerts);
  alerts.clear();
  const std::string nobody = "nobody";
  const std::vector<ClientOrder> orders{forget(a), forget(nobody)};
  scorer.decide(orders, alerts);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().phase == EpisodePhase::kClosed);
  CHECK(alerts.front().count == 5);
  CHECK_FALSE(scorer.report(hash_of(a), check_of(a)));
  CHECK(scorer.report(hash_of(b), check_of(b)));
  CHECK(scorer.statistics().clients == 1);
  CHECK(scorer.statistics().episodes_open == 1);
}

TEST_CASE("a restore finds an order again at its place, before and behind the saved chunks", "[orders]") {
  ScoreOptions options;
  options.clients_max = 64;
  options.chunk_clients = 4;
  std::vector<std::string> clients;
  for (int i = 0; i < 12; ++i)
    clients.push_back("client-" + std::to_string(i));
  Stream stream;
  const std::vector<std::vector<Observation>> parts{attacks(stream, 0, 6, clients), attacks(stream, 6, 12, clients),
                                                    attacks(stream, 12, 90, clients)};
  const std::vector<ClientOrder> early{silence(clients[1], 40'000), silence(clients[2], 300'000), forget(clients[3])};
  const std::vector<ClientOrder> late{silence(clients[2], -9'000'000), silence(clients[4], 300'000),
                                      forget(clients[5])};
  Scorer whole(options, kTopics), restored(options, kTopics);
  REQUIRE(whole.chunk_count() > 2);
  std::vector<Alert> alerts, again, ignored;
  // The chunks are saved at three places: before the first orders, between them, and behind the last.
  std::vector<std::pair<uint32_t, std::string>> saved[3];
  const auto save = [&](uint32_t place) {
    for (uint32_t chunk = place; chunk < whole.chunk_count(); chunk += 3) {
      saved[place].emplace_back(chunk, std::string());
      whole.save(chunk, saved[place].back().second);
    }
  };
  whole.observe(parts[0], alerts);
  save(0);
  whole.decide(early, alerts);
  whole.observe(parts[1], alerts);
  save(1);
  whole.decide(late, alerts);
  save(2);
  alerts.clear();
  whole.observe(parts[2], alerts);

  const auto load = [&](uint32_t place) {
    for (const auto& [chunk, bytes] : saved[place])
      REQUIRE(restored.load(chunk, bytes));
  };
  restored.begin_restore();
  load(0);
  restored.decide(early, ignored);
  restored.observe(parts[1], ignored);
  load(1);
  restored.decide(late, ignored);
  load(2);
  restored.observe(parts[2], again);
  CHECK(ids_of(again) == ids_of(alerts));
  CHECK(restored.digest() == whole.digest());
  CHECK(restored.statistics().silences == whole.statistics().silences);
}

TEST_CASE("an order is not carried out in a chunk that is absent, even if it is the only one", "[orders]") {
  ScoreOptions options;
  options.clients_max = 16;
  options.chunk_clients = 16;
  Scorer scorer(options, kTopics);
  REQUIRE(scorer.chunk_count() == 1);
  std::vector<Alert> alerts;
  const ClientOrder order = silence("a", 30'000);
  scorer.begin_restore();
  scorer.decide({&order, 1}, alerts);
  CHECK(scorer.statistics().silences == 0);
  REQUIRE(scorer.load(0, ""));
  CHECK(scorer.silences_of(hash_of("a"), check_of("a")).empty());
  scorer.decide({&order, 1}, alerts);
  CHECK(scorer.statistics().silences == 1);
}

TEST_CASE("silences are forgotten when nothing can come under them, and a chunk holds no more than it may",
          "[orders]") {
  ScoreOptions options;
  options.clients_max = 16;
  options.chunk_clients = 16;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Stream stream;
  scorer.observe(attacks(stream, 0, 1, {"x"}), alerts);
  std::vector<std::string> names;
  for (int i = 0; i < 80; ++i)
    names.push_back("client-" + std::to_string(i));
  for (int i = 0; i < 80; ++i) {
    const ClientOrder order = silence(names[static_cast<size_t>(i)], 10'000 + i * 1'000);
    scorer.decide({&order, 1}, alerts);
  }
  CHECK(scorer.statistics().silences == Silences::kOfChunkMax);
  CHECK(scorer.silences_of(hash_of("client-0"), check_of("client-0")).empty());
  CHECK(scorer.silences_of(hash_of("client-79"), check_of("client-79")).size() == 1);
  const int64_t later_s = 2'000;
  scorer.observe(attacks(stream, later_s, later_s + 70, {"x"}), alerts);
  CHECK(scorer.statistics().silences == 0);
}
