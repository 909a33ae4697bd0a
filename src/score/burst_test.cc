#include "score/burst.h"

#include "base/catch.h"
#include "score/random_traffic.h"

namespace weir {
namespace {

using namespace scoring_fixture;
using enum EpisodePhase;

constexpr int64_t kMinuteMs = 60'000;
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

/// Alerts of bursts; those of the score are other tests' matter.
std::vector<Alert> bursts_of(const Requests& requests, const ScoreOptions& options = {}) {
  auto alerts = all_alerts_of(requests.all(), options);
  std::erase_if(alerts, [](const Alert& alert) { return alert.kind != AlertKind::kBurst; });
  return alerts;
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
    CHECK(alerts[0].at.offset == 100);
    CHECK(alerts[0].burst.reasons == bit(BurstReason::kRequestRate));
    CHECK(alerts[0].burst.count_of(BurstReason::kRequestRate) == 101);
    CHECK(alerts[0].severity == Level::kMedium);
  }
}

TEST_CASE("requests of the minute before count by how much of it the window still covers", "[score][burst]") {
  // 60 in the first minute; at half of the second they weigh 30.
  for (const int in_second : {70, 71}) {
    Requests requests;
    for (int i = 0; i < 60; ++i)
      requests.add(i * 1000);
    for (int i = 0; i < in_second; ++i)
      requests.add(kMinuteMs + kMinuteMs / 2);
    CHECK(bursts_of(requests).empty() == (in_second == 70));
  }
}

TEST_CASE("retry_after is when one more request would be within the limit", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 101; ++i)
    requests.add(i * 10);
  const auto alerts = bursts_of(requests);
  REQUIRE_FALSE(alerts.empty());
  // 101 requests weigh 99 at 1,189 ms of the next minute (60,000 - 99 * 60,000 / 101, rounded up).
  CHECK(alerts[0].burst.retry_after == Milliseconds{kMinuteMs - 1000 + 1189});

  Requests later;  // the minute before is what is too much
  for (int i = 0; i < 100; ++i)
    later.add(i);
  for (int i = 0; i < 30; ++i)
    later.add(kMinuteMs + 10'000);
  const auto faded = bursts_of(later);
  REQUIRE_FALSE(faded.empty());
  CHECK(faded[0].at.offset == 116);                        // 83.3 of the minute before and 17
  CHECK(faded[0].burst.retry_after == Milliseconds{800});  // when the minute before weighs 82
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
  CHECK(alerts[0].at.offset == 100);

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
      CHECK(alerts[0].burst.count_of(BurstReason::kFailedAuthentication) == 10);
    }
  }
}

TEST_CASE("failures at many accounts from one address are credential stuffing", "[score][burst]") {
  Requests requests;
  for (uint64_t i = 0; i < 30; ++i)
    requests.add_count(static_cast<int64_t>(i) * 1000, 401, i * 7919);
  const auto alerts = bursts_of(requests);
  REQUIRE_FALSE(alerts.empty());
  CHECK((alerts.back().burst.reasons & bit(BurstReason::kCredentialStuffing)) != 0);
  CHECK(alerts.back().severity == Level::kHigh);

  Requests one_account;
  for (int i = 0; i < 30; ++i)
    one_account.add_count(i * 1000, 401, 7919);
  CHECK((bursts_of(one_account).back().burst.reasons & bit(BurstReason::kCredentialStuffing)) == 0);
}

TEST_CASE("few failures each at many accounts over an hour are password spraying", "[score][burst]") {
  const auto reasons_with = [](int tries) {
    Requests requests;
    for (int i = 0; i < 20; ++i) {
      for (int k = 0; k < tries; ++k)
        requests.add_count(i * 2 * kMinuteMs + k * 100, 401, static_cast<uint64_t>(i) * 7919);
    }
    BurstReasons all = 0;
    for (const Alert& alert : bursts_of(requests))
      all = static_cast<BurstReasons>(all | alert.burst.reasons);
    return all;
  };
  CHECK(reasons_with(1) == bit(BurstReason::kPasswordSpraying));
  CHECK((reasons_with(9) & bit(BurstReason::kPasswordSpraying)) == 0);  // that is guessing
}

TEST_CASE("client errors at many distinct paths are enumeration, at one path they are not", "[score][burst]") {
  Requests many, one, few;
  for (uint64_t i = 0; i < 40; ++i) {
    many.add(static_cast<int64_t>(i) * 1000, 404, i * 104'729);
    one.add(static_cast<int64_t>(i) * 1000, 404, 5);
    few.add(static_cast<int64_t>(i) * 1000, 404, i % 19);
  }
  const auto alerts = bursts_of(many);
  REQUIRE_FALSE(alerts.empty());
  CHECK(alerts[0].burst.reasons == bit(BurstReason::kEnumeration));
  CHECK(alerts[0].at.offset >= 19);  // never before the twentieth path
  CHECK(bursts_of(one).empty());
  CHECK(bursts_of(few).empty());
}

TEST_CASE("50 rule hits of a client in a minute are scanning, 49 are not", "[score][burst]") {
  for (const int last : {4, 5}) {
    Requests requests;
    for (int i = 0; i < 10; ++i)
      requests.add(i * 1000).rule_hits = static_cast<uint16_t>(i == 9 ? last : 5);
    const auto alerts = bursts_of(requests);
    CHECK(alerts.empty() == (last == 4));
    if (!alerts.empty()) CHECK(alerts[0].burst.reasons == bit(BurstReason::kScanning));
  }
}

TEST_CASE("a new reason within a burst is told at once", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 12; ++i)
    requests.add(i * 100, 401);
  for (int i = 0; i < 10; ++i)
    requests.add(2000 + i * 100).rule_hits = 5;
  const auto alerts = bursts_of(requests);
  REQUIRE(alerts.size() == 3);
  CHECK(alerts[1].phase == kUpdated);
  CHECK(alerts[1].burst.reasons == (bit(BurstReason::kFailedAuthentication) | bit(BurstReason::kScanning)));
  CHECK(alerts[2].phase == kClosed);
  CHECK(alerts[2].count == 4);  // failures 10 to 12 and the record with the fiftieth hit
}

TEST_CASE("late records count for the minute they belong to and raise nothing", "[score][burst]") {
  Requests requests;
  requests.add(3 * kMinuteMs);
  for (int i = 0; i < 500; ++i)
    requests.add(i);  // three minutes late: in no window
  CHECK(bursts_of(requests).empty());
  for (int i = 0; i < 500; ++i)
    requests.add(2 * kMinuteMs + i);  // the minute before
  CHECK(bursts_of(requests).empty());
  requests.add(3 * kMinuteMs + 1);
  CHECK_FALSE(bursts_of(requests).empty());
}

TEST_CASE("bursts can be switched off", "[score][burst]") {
  Requests requests;
  for (int i = 0; i < 500; ++i)
    requests.add(i, 401);
  ScoreOptions options;
  options.bursts.enabled = false;
  CHECK(bursts_of(requests, options).empty());
}

TEST_CASE("a count of distinct values never says more than there were", "[score][burst]") {
  std::mt19937_64 random(1);
  for (uint32_t distinct = 1; distinct <= 64; ++distinct) {
    DistinctCount count;
    for (uint32_t i = 0; i < distinct; ++i)
      count.add(1, random());
    CHECK(count.count() <= distinct);
    if (distinct >= 40) CHECK(count.count() >= 20);
  }
}

}  // namespace weir
