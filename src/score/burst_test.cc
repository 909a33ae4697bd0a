#include "score/burst.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/catch.h"
#include "score/random_traffic.h"

namespace weir {
namespace {

using namespace scoring_fixture;
using enum EpisodePhase;

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kPaneMs = 15'000;
constexpr BurstReasons bit(BurstReason reason) {
  return static_cast<BurstReasons>(reason);
}

/// Records of one client: an address unless said otherwise.
class Requests {
 public:
  Observation& add(int64_t at_ms, uint16_t status = 200, uint64_t path = 1, ClientKind kind = ClientKind::kAddress) {
    Observation& record = stream_.add({.client = "192.0.2.1", .at_ms = at_ms, .user_agent = 1});
    record.client_kind = kind;
    record.status = status;
    record.path_hash = path;
    return record;
  }
  /// A record of a client with a name, as its address sees it.
  Observation& add_count(int64_t at_ms, uint16_t status, uint64_t account) {
    Observation& record = add(at_ms, status, account);
    record.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
    return record;
  }
  [[nodiscard]] const std::vector<Observation>& all() const { return stream_.observations(); }

 private:
  Stream stream_;
};

std::vector<Alert> only_bursts(std::vector<Alert> alerts) {
  std::erase_if(alerts, [](const Alert& alert) { return alert.kind != AlertKind::kBurst; });
  return alerts;
}

/// Alerts of bursts; those of the score are other tests' matter.
std::vector<Alert> bursts_of(const Requests& requests, const ScoreOptions& options = {}) {
  return only_bursts(all_alerts_of(requests.all(), options));
}

/// The reasons of all alerts together.
BurstReasons reasons_of(const Requests& requests, const ScoreOptions& options = {}) {
  BurstReasons all = 0;
  for (const Alert& alert : bursts_of(requests, options))
    all = static_cast<BurstReasons>(all | alert.burst.reasons);
  return all;
}

}  // namespace

TEST_CASE("100 requests of an address in a minute are no burst, the 101st is", "[score][burst]") {
  for (const int count : {100, 101}) {
    Requests requests;
    for (int i = 0; i < count; ++i)
      requests.add(i * 500);
    const auto alerts = bursts_of(requests);
    CHECK(alerts.size() == (count == 100 ? 0 : 2));
    if (alerts.empty()) continue;
    CHECK(alerts[0].phase == kOpened);
    CHECK(alerts[0].burst.reasons == bit(BurstReason::kRequestRate));
    CHECK(alerts[0].burst.held == 101);
    CHECK(alerts[0].count == 101);
    CHECK(alerts[0].severity == Level::kLow);
    CHECK(alerts[1].phase == kClosed);
    CHECK(alerts[1].count == 101);
  }
}

TEST_CASE("the alert of a burst comes with the record that makes it one", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 102; ++i)
    requests.add(i * 500);
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(std::span(requests.all()).first(100), alerts);
  CHECK(alerts.empty());
  scorer.observe(std::span(requests.all()).subspan(100, 1), alerts);
  CHECK(alerts.size() == 1);
  scorer.observe(std::span(requests.all()).subspan(101), alerts);
  CHECK(alerts.size() == 1);
}

TEST_CASE("a window is four panes that end in the period", "[score][burst]") {
  // The last three panes of one minute and the first of the next make a window, the last four and the first do not.
  for (const int64_t first_ms : {kMinuteMs - 3 * kPaneMs, kMinuteMs - 4 * kPaneMs}) {
    Requests requests;
    for (int i = 0; i < 60; ++i)
      requests.add(first_ms);
    for (int i = 0; i < 41; ++i)
      requests.add(kMinuteMs);
    const auto alerts = bursts_of(requests);
    CHECK(alerts.empty() == (first_ms == 0));
    if (alerts.empty()) continue;
    CHECK(alerts[0].first_seen == EventTime{Milliseconds{kStartMs + kMinuteMs}});  // where the window ends
    CHECK(alerts[1].count == 41);
    CHECK(alerts[1].burst.held == 101);
  }
}

TEST_CASE("a burst that goes on is one incident, over the hour too", "[score][burst]") {
  for (const int64_t start_ms : {int64_t{0}, 50 * kMinuteMs}) {
    Requests requests;
    for (int i = 0; i < 9'000; ++i)
      requests.add(start_ms + i * 200);  // 300 a minute for half an hour
    const auto alerts = bursts_of(requests);
    std::vector<std::pair<EpisodePhase, uint64_t>> found;
    for (const Alert& alert : alerts)
      found.emplace_back(alert.phase, alert.count);
    CHECK(found == std::vector<std::pair<EpisodePhase, uint64_t>>{{kOpened, 101}, {kUpdated, 1'000}, {kClosed, 9'000}});
    CHECK(alerts.back().first_seen == EventTime{Milliseconds{kStartMs + start_ms}});
    CHECK(alerts.back().last_seen == EventTime{Milliseconds{kStartMs + start_ms + 30 * kMinuteMs - 1}});
    CHECK(alerts.back().burst.held == 300);
  }
}

TEST_CASE("a burst that comes again after a quiet time is another incident", "[score][burst]") {
  Requests requests;
  for (const int64_t start_ms : {int64_t{0}, 10 * kMinuteMs, 20 * kMinuteMs}) {
    for (int i = 0; i < 150; ++i)
      requests.add(start_ms + i * 200);
    // The partition's time goes on by what others do.
    for (int i = 0; i < 2; ++i)
      requests.add(start_ms + 7 * kMinuteMs).client_hash = 77;
  }
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 6);
  std::set<std::string> episodes, ids;
  for (const Alert& alert : alerts) {
    episodes.insert(alert.episode_id);
    ids.insert(alert.id);
  }
  CHECK(episodes.size() == 3);
  CHECK(ids.size() == 6);
}

TEST_CASE("a quiet time within one block ends an incident", "[score][burst]") {
  Requests requests;
  for (const int64_t start_ms : {int64_t{0}, 10 * kMinuteMs})
    for (int i = 0; i < 150; ++i)
      requests.add(start_ms + i * 200);
  const auto alerts_with = [&](size_t block) {
    Scorer scorer(ScoreOptions{}, kTopics);
    std::vector<Alert> alerts;
    const std::span<const Observation> all = requests.all();
    for (size_t begin = 0; begin < all.size(); begin += block) {
      const auto part = all.subspan(begin, std::min(block, all.size() - begin));
      // The partition hears of how far its source has come with the block's last record.
      const std::vector<SourceReport> reports{{0, 0, part.back().time.time_since_epoch().count(), false, false}};
      scorer.take_sources(reports, static_cast<int64_t>(begin));
      scorer.observe(part, {}, alerts);
      scorer.follow_sources(alerts);
    }
    scorer.finish(alerts);
    std::vector<std::string> told;
    for (const Alert& alert : only_bursts(std::move(alerts)))
      told.push_back(alert.id + " " + std::to_string(alert.count));
    return told;
  };
  const auto one_by_one = alerts_with(1);
  CHECK(one_by_one.size() == 4);  // two incidents, opened and closed
  for (const size_t block : {size_t{7}, size_t{200}, requests.all().size()})
    CHECK(alerts_with(block) == one_by_one);
}

TEST_CASE("an address of a shared network may send any number of requests, but not guess", "[score][burst]") {
  ScoreOptions options;
  options.bursts.shared_networks = {*Cidr::parse("192.0.2.0/24")};
  Requests requests;
  for (int i = 0; i < 500; ++i)
    requests.add(i * 10, i % 20 == 0 ? 401 : 200);
  CHECK(reasons_of(requests, options) == bit(BurstReason::kFailedAuthentication));
}

TEST_CASE("retry_after is until one more request would be within the limit", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 101; ++i)
    requests.add(i * 10);
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].burst.retry_after == Milliseconds{kMinuteMs});  // at the latest
  CHECK(alerts[1].burst.retry_after == Milliseconds{kMinuteMs});  // all stand in the newest pane of a window

  Requests spread;  // 30 in the oldest pane of the window: when they are past, 75 are left
  for (int i = 0; i < 105; ++i)
    spread.add(i < 30 ? 0 : kPaneMs * (1 + i % 3));
  const auto faded = bursts_of(spread);
  REQUIRE(faded.size() == 2);
  CHECK(faded[0].burst.retry_after == Milliseconds{kMinuteMs});
  CHECK(faded[1].burst.retry_after == Milliseconds{kPaneMs});
}

TEST_CASE("requests of named clients count for their address, and only there", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 60; ++i)
    requests.add(i * 500);
  for (int i = 0; i < 41; ++i)
    requests.add_count(30'000 + i, 200, 7);
  const auto alerts = all_alerts_of(requests.all());
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].kind == AlertKind::kBurst);

  Requests customer;
  for (int i = 0; i < 500; ++i)
    customer.add(i, 200, 1, ClientKind::kCustomer);
  CHECK(bursts_of(customer).empty());
}

TEST_CASE("counts for an address leave its score alone", "[score][burst]") {
  Requests requests;
  for (uint64_t i = 0; i < 10; ++i) {
    Observation& record = requests.add_count(static_cast<int64_t>(i * i) * 700, 200, i);
    record.address = *IpAddress::parse("198.51.100." + std::to_string(i));
    record.user_agent_hash = i;
  }
  CHECK(all_alerts_of(requests.all()).empty());
}

TEST_CASE("10 failed authentications of a client in a minute are a burst, 9 are not", "[score][burst]") {
  for (const ClientKind kind : {ClientKind::kAddress, ClientKind::kCustomer}) {
    for (const int failures : {9, 10}) {
      Requests requests;
      for (int i = 0; i < failures; ++i)
        requests.add(i * 2000, 401, 1, kind);
      const auto alerts = bursts_of(requests);
      CHECK(alerts.empty() == (failures == 9));
      if (alerts.empty()) continue;
      CHECK(alerts[0].burst.reasons == bit(BurstReason::kFailedAuthentication));
      CHECK(alerts[0].burst.held == 10);
    }
  }
}

TEST_CASE("the closing alert names the latest record, the others none", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 12; ++i) {
    Observation& record = requests.add(i == 3 ? 30'000 : i * 1000, 401, 1, ClientKind::kCustomer);
    record.address = *IpAddress::parse(i == 3 ? "198.51.100.3" : "198.51.100.1");
  }
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].at == kNoRecord);
  CHECK(alerts[0].address.is_unspecified());
  CHECK(alerts[1].at.offset == 3);
  CHECK(alerts[1].address.to_string() == "198.51.100.3");
}

TEST_CASE("failures at many accounts from one address are credential stuffing", "[score][burst]") {
  Requests requests;
  for (uint64_t i = 0; i < 30; ++i)
    requests.add_count(static_cast<int64_t>(i) * 1000, 401, i * 7919);
  CHECK((reasons_of(requests) & bit(BurstReason::kCredentialStuffing)) != 0);
  for (const Alert& alert : bursts_of(requests))
    CHECK((alert.severity == Level::kHigh) == (alert.burst.reasons != bit(BurstReason::kFailedAuthentication)));

  Requests one_account;
  for (int i = 0; i < 30; ++i)
    one_account.add_count(i * 1000, 401, 7919);
  CHECK(reasons_of(one_account) == bit(BurstReason::kFailedAuthentication));
}

TEST_CASE("failures at many accounts over an hour are password spraying", "[score][burst]") {
  for (const int accounts : {9, 20}) {  // of 20 accounts a sketch tells at least 10
    Requests requests;
    for (int i = 0; i < accounts; ++i)
      requests.add_count(i * 2 * kMinuteMs, 401, static_cast<uint64_t>(i) * 7919);
    CHECK(reasons_of(requests) == (accounts == 9 ? 0 : bit(BurstReason::kPasswordSpraying)));
  }
}

TEST_CASE("client errors at many distinct paths are enumeration, at one path they are not", "[score][burst]") {
  Requests many, one, few;
  for (uint64_t i = 0; i < 40; ++i) {
    many.add(static_cast<int64_t>(i) * 1000, 404, i * 104'729);
    one.add(static_cast<int64_t>(i) * 1000, 404, 5);
    few.add(static_cast<int64_t>(i) * 1000, 404, i % 19);
  }
  CHECK(reasons_of(many) == bit(BurstReason::kEnumeration));
  CHECK(reasons_of(one) == 0);
  CHECK(reasons_of(few) == 0);
}

TEST_CASE("20 malicious requests that hit 5 rules within a minute are scanning", "[score][burst]") {
  const auto found = [](int requests_count, int rules) {
    Requests requests;
    for (int i = 0; i < requests_count; ++i)
      requests.add(i * 1000).evidence = attack(Level::kHigh, Category::kSqli, "rule-" + std::to_string(i % rules));
    return reasons_of(requests);
  };
  CHECK(found(20, 6) == bit(BurstReason::kScanning));
  CHECK(found(19, 6) == 0);
  CHECK(found(40, 4) == 0);
}

TEST_CASE("hits of markers are no scanning", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 60; ++i)
    requests.add(i * 500).rule_hits = 9;  // nothing malicious
  CHECK(reasons_of(requests) == 0);
}

TEST_CASE("each reason has alerts of its own", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 12; ++i)
    requests.add(i * 100, 401);
  for (int i = 0; i < 20; ++i)
    requests.add(2000 + i * 100).evidence = attack(Level::kHigh, Category::kSqli, "rule-" + std::to_string(i % 6));
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 4);
  CHECK(alerts[0].burst.reasons == bit(BurstReason::kFailedAuthentication));
  CHECK(alerts[1].burst.reasons == bit(BurstReason::kScanning));
  CHECK(alerts[0].episode_id != alerts[1].episode_id);
  std::map<BurstReasons, uint64_t> closed{{alerts[2].burst.reasons, alerts[2].count},
                                          {alerts[3].burst.reasons, alerts[3].count}};
  CHECK(closed[bit(BurstReason::kFailedAuthentication)] == 12);
  CHECK(closed[bit(BurstReason::kScanning)] == 20);
}

TEST_CASE("a burst is updated at the counts that its period reaches", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 1'200; ++i)
    requests.add(i * 10);
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 3);
  CHECK(alerts[1].phase == kUpdated);
  CHECK(alerts[1].count == 1'000);  // 10 and 100 are no more than what makes a burst
  CHECK(alerts[2].count == 1'200);
}

TEST_CASE("a burst closes when the partition's time has passed its period, idle_close and the lateness",
          "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 101; ++i)
    requests.add(i * 10);
  requests.add(7 * kMinuteMs - 2).client_kind = ClientKind::kCustomer;
  requests.add(7 * kMinuteMs - 2).client_kind = ClientKind::kCustomer;
  CHECK(only_bursts(alerts_of(requests.all())).size() == 1);
  requests.add(7 * kMinuteMs - 1).client_kind = ClientKind::kCustomer;
  requests.add(7 * kMinuteMs - 1).client_kind = ClientKind::kCustomer;
  CHECK(only_bursts(alerts_of(requests.all())).size() == 2);
}

TEST_CASE("records of a burst that is closed are counted as late and raise nothing", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 101; ++i)
    requests.add(i * 10);
  for (int i = 0; i < 2; ++i)
    requests.add(7 * kMinuteMs).client_kind = ClientKind::kCustomer;
  for (int i = 0; i < 500; ++i)
    requests.add(i);
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(requests.all(), alerts);
  CHECK(only_bursts(alerts).size() == 2);
  CHECK(scorer.statistics().bursts_late == 500);
}

TEST_CASE("records further behind their client's newest than the lateness are late", "[score][burst]") {
  Requests requests;
  requests.add(10 * kMinuteMs);
  for (int i = 0; i < 500; ++i)
    requests.add(i);
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(requests.all(), alerts);
  CHECK(only_bursts(alerts).empty());
  CHECK(scorer.statistics().bursts_late == 500);
}

TEST_CASE("a record that comes too late for several counts is one late record", "[score][burst]") {
  Requests requests;
  requests.add_count(10 * kMinuteMs, 401, 1);
  requests.add_count(0, 401, 2);
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(requests.all(), alerts);
  CHECK(scorer.statistics().bursts_late == 1);
}

TEST_CASE("a closed burst stays closed when its client goes on with bursts of other kinds", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 10; ++i)
    requests.add(i, 401);
  for (int i = 0; i < 2; ++i)
    requests.add(2 * kMinuteMs).client_kind = ClientKind::kCustomer;
  for (int i = 0; i < 101; ++i)
    requests.add(10 * kMinuteMs + i);
  requests.add(11, 401);  // no failure came since
  const auto alerts = bursts_of(requests);
  const auto opened = std::count_if(alerts.begin(), alerts.end(), [](const Alert& alert) {
    return alert.phase == kOpened && alert.burst.reasons == bit(BurstReason::kFailedAuthentication);
  });
  CHECK(opened == 1);
}

TEST_CASE("counts for an address end none of its episodes", "[score][burst]") {
  Requests requests;
  requests.add(0).evidence = attack();
  requests.add_count(400'000, 200, 7);
  requests.add(1000).evidence = attack();
  const auto alerts = all_alerts_of(requests.all());
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[1].phase == kClosed);
  CHECK(alerts[1].count == 2);
}

TEST_CASE("the order of records within the lateness changes no alert of a burst", "[score][burst][property]") {
  for (const int64_t lateness_ms : {int64_t{60'000}, int64_t{600'000}}) {
    ScoreOptions options;
    options.lateness = Milliseconds{lateness_ms};
    options.bursts.requests_max = 20;
    // Longer than any pause here: where an incident is closed between two bursts may depend on the order (docs/adr/0034).
    options.episodes.idle_close = Milliseconds{3'600'000};
    for (uint32_t seed = 1; seed <= 20; ++seed) {
      std::mt19937 random(seed);
      const auto below = [&](int64_t bound) { return static_cast<int64_t>(random() % static_cast<uint32_t>(bound)); };
      Stream stream;
      std::vector<std::pair<int64_t, size_t>> arrivals;  // when a record comes in the other order, and which it is
      for (int i = 0; i < 4'000; ++i) {
        const int64_t at_ms = i * 150 + (i > 2'000 ? 120'000 : 0);
        const int64_t client = below(6);
        Observation& record = stream.add({.client = "c" + std::to_string(client), .at_ms = at_ms});
        record.client_kind = client < 4 ? ClientKind::kAddress : ClientKind::kCustomer;
        record.status = static_cast<uint16_t>(below(3) == 0 ? 401 : below(2) == 0 ? 404 : 200);
        record.path_hash = static_cast<uint64_t>(below(60)) * 0x9e3779b97f4a7c15ULL;
        if (below(4) != 0) record.words = random_words(static_cast<int>(below(60)), static_cast<int>(below(20)));
        if (below(3) == 0) record.evidence = attack(Level::kHigh, Category::kSqli, "rule-" + std::to_string(below(9)));
        if (client == 0 || (client == 1 && below(2) == 0))
          record.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
        // Less than the lateness apart, and so far ahead of the clock at most.
        arrivals.emplace_back(at_ms + below(lateness_ms), arrivals.size());
      }
      const auto sorted = [&](const std::vector<Observation>& observations) {
        auto bursts = only_bursts(all_alerts_of(observations, options));
        for (Alert& alert : bursts) {
          // Of the period found first; and what was counted so far.
          if (alert.phase != kClosed) alert.time = alert.first_seen = alert.last_seen = {};
          alert.related.clear();  // what was open by then
          if (alert.phase != kClosed || alert.burst.reasons == bit(BurstReason::kRequestRate)) alert.made_of = {};
        }
        auto alerts = describe(bursts);
        std::sort(alerts.begin(), alerts.end());
        return alerts;
      };
      const auto expected = sorted(stream.observations());
      REQUIRE(expected.size() > 20);
      std::sort(arrivals.begin(), arrivals.end());
      std::vector<Observation> disordered;
      for (const auto& [when, number] : arrivals)
        disordered.push_back(stream.observations()[number]);
      const auto found = sorted(disordered);
      for (const auto& [a, b] : {std::pair(&expected, &found), std::pair(&found, &expected)}) {
        std::vector<std::string> only;
        std::set_difference(a->begin(), a->end(), b->begin(), b->end(), std::back_inserter(only));
        CHECK(only == std::vector<std::string>{});
      }
    }
  }
}

TEST_CASE("a burst lists what its failures were, those before it was found too, and nothing else", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 24; ++i) {
    Observation& record = requests.add(i * 1'000, i % 2 == 0 ? 401 : 404);
    const std::string path = i % 2 == 0 ? "/login" : "/missing/" + std::to_string(i);
    record.words = packed(RecordWords{"tool/1", path, {}});
  }
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].burst.reasons == bit(BurstReason::kFailedAuthentication));
  CHECK(alerts[0].burst.requests == 10);
  for (const Alert& alert : alerts) {
    const auto& paths = alert.made_of[static_cast<size_t>(ValueKind::kPath)];
    REQUIRE(paths.size() == 1);
    CHECK(paths[0].value == "/login");
    CHECK(paths[0].requests == alert.count);
  }
  CHECK(alerts[1].count == 12);
  CHECK(alerts[1].burst.requests == 12);
}

TEST_CASE("lists of values take so much of a chunk at most, and counts stay exact beyond it", "[score][burst]") {
  ScoreOptions options;
  options.clients_max = options.chunk_clients = 4'096;
  Stream stream;
  for (int i = 0; i < 3'000; ++i) {
    for (int request = 0; request < 12; ++request) {
      Observation& record = stream.add({.client = "c" + std::to_string(i), .at_ms = request * 100});
      record.status = 401;
      const std::string path(90, static_cast<char>('a' + request));
      record.words = packed(RecordWords{path, path, {}});
    }
  }
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  scorer.finish(alerts);
  uint64_t listed = 0, counted = 0;
  for (const Alert& alert : alerts) {
    if (alert.kind != AlertKind::kBurst || alert.phase != kClosed) continue;
    counted += alert.count;
    for (const ValueCount& count : alert.made_of[static_cast<size_t>(ValueKind::kPath)])
      listed += count.requests;
  }
  CHECK(counted == 36'000);
  CHECK(listed > 500);
  CHECK(listed < 36'000);
}

TEST_CASE("bursts can be switched off", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 500; ++i)
    requests.add(i, 401);
  ScoreOptions options;
  options.bursts.enabled = false;
  CHECK(bursts_of(requests, options).empty());
}

TEST_CASE("windows of a second are counted like those of a minute", "[score][burst]") {
  ScoreOptions options;
  options.bursts.window = Milliseconds{1000};
  Requests requests;
  for (int i = 0; i < 101; ++i)
    requests.add(i);
  CHECK(bursts_of(requests, options).size() == 2);
}

TEST_CASE("a count of distinct values never says more than there were", "[score][burst]") {
  std::mt19937_64 random(1);
  for (uint32_t distinct = 1; distinct <= 64; ++distinct) {
    ScoreOptions options;
    options.bursts.enumeration_paths = distinct + 1;
    Requests requests;
    for (uint32_t i = 0; i < distinct; ++i)
      requests.add(i, 404, random());
    CHECK(reasons_of(requests, options) == 0);
    options.bursts.enumeration_paths = 20;
    if (distinct >= 40) CHECK(reasons_of(requests, options) == bit(BurstReason::kEnumeration));
  }
}

}  // namespace weir
