#include "score/client_window.h"

#include <random>
#include <set>

#include "base/catch.h"

namespace weir {
namespace {

/// A window with storage of its own.
struct Bench {
  explicit Bench(uint32_t capacity = 10)
      : storage(ClientWindow::words(capacity)), window(client, storage.data(), capacity) {}

  void push(int64_t time_ms, uint32_t address = 1, uint32_t agent = 1, bool bot = false) {
    window.push({time_ms, address, agent, bot});
  }
  AbuseVerdict verdict() { return window.verdict(options); }
  bool has(AbuseReason reason) { return (verdict().reasons & static_cast<AbuseReasons>(reason)) != 0; }
  /// Times from their differences, starting at zero.
  bool regular(const std::vector<int64_t>& intervals) {
    int64_t time = 1000;
    window.clear();
    push(time);
    for (const int64_t interval : intervals)
      push(time += interval);
    return window.is_regular(options);
  }

  AbuseOptions options;
  ClientEntry client;
  std::vector<uint32_t> storage;
  ClientWindow window;
};

const std::vector<int64_t> kIrregularMs{0, 300, 2100, 2400, 5900, 6000, 9700, 11200, 15500, 15900};

/// Ten requests at irregular times with so many addresses and agents.
AbuseVerdict verdict_of(uint32_t addresses, uint32_t agents, bool bot = false) {
  Bench bench;
  for (uint32_t i = 0; i < 10; ++i)
    bench.push(kIrregularMs[i], i % addresses, i % agents, bot && i == 0);
  return bench.verdict();
}

}  // namespace

TEST_CASE("the quick look never misses a suspicious window, whatever the points", "[score]") {
  std::mt19937_64 random(1);
  size_t suspicious = 0, passed_over = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bench bench;
    for (int* points : {&bench.options.addresses_points, &bench.options.user_agents_points, &bench.options.bot_points,
                        &bench.options.regular_timing_points})
      *points = static_cast<int>(random() % 60);
    const uint64_t spread = random() % 2 == 0 ? 1 : 4'000;
    int64_t time_ms = 0;
    for (int k = 0; k < 10; ++k)
      bench.push(time_ms += 1'000 + static_cast<int64_t>(random() % spread), static_cast<uint32_t>(random() % 8),
                 static_cast<uint32_t>(random() % 4), random() % 20 == 0);
    const bool is_suspicious = bench.verdict().suspicious;
    const bool looks_so = bench.window.may_be_suspicious(bench.options);
    CHECK((looks_so || !is_suspicious));
    suspicious += is_suspicious;
    passed_over += !looks_so;
  }
  CHECK(suspicious > 1'000);
  CHECK(passed_over > 1'000);
}

TEST_CASE("5 addresses count as rapid changes, 4 do not", "[score]") {
  CHECK(verdict_of(4, 1).risk_score == 0);
  CHECK(verdict_of(5, 1).risk_score == 30);
  CHECK(verdict_of(10, 1).risk_score == 30);
}

TEST_CASE("3 user agents count as rotation, 2 do not", "[score]") {
  CHECK(verdict_of(1, 2).risk_score == 0);
  CHECK(verdict_of(1, 3).risk_score == 20);
}

TEST_CASE("a client is suspicious at 50 points, not at 49", "[score]") {
  CHECK(verdict_of(5, 3).risk_score == 50);
  CHECK(verdict_of(5, 3).suspicious);
  Bench bench;
  bench.options.user_agents_points = 19;
  for (uint32_t i = 0; i < 10; ++i)
    bench.push(kIrregularMs[i], i % 5, i % 3);
  CHECK(bench.verdict().risk_score == 49);
  CHECK_FALSE(bench.verdict().suspicious);
}

TEST_CASE("one bot user agent in the window adds ten points until it has left", "[score]") {
  CHECK(verdict_of(5, 1, true).risk_score == 40);
  Bench bench;
  bench.push(0, 1, 1, true);
  for (uint32_t i = 1; i < 10; ++i)
    bench.push(kIrregularMs[i]);
  CHECK(bench.verdict().risk_score == 10);
  bench.push(17'000);
  CHECK(bench.verdict().risk_score == 0);
}

TEST_CASE("all four signals add up to 85", "[score]") {
  Bench bench;
  for (uint32_t i = 0; i < 10; ++i)
    bench.push(i * 1000, i % 5, i % 3, true);
  CHECK(bench.verdict().risk_score == 85);
  CHECK(bench.verdict().reasons == 15);
}

TEST_CASE("a client without a user agent shows one agent, and changing between none and some counts", "[score]") {
  Bench bench;
  for (uint32_t i = 0; i < 10; ++i)
    bench.push(kIrregularMs[i], 1, user_agent_of(0));
  CHECK(bench.client.distinct_agents == 1);
  bench.push(16'000, 1, user_agent_of(7));
  bench.push(16'900, 1, user_agent_of(8));
  CHECK(bench.has(AbuseReason::kUserAgentRotation));
}

TEST_CASE("only the last 10 requests count", "[score]") {
  Bench bench;
  for (uint32_t i = 0; i < 5; ++i)
    bench.push(kIrregularMs[i], i);
  for (uint32_t i = 5; i < 10; ++i)
    bench.push(kIrregularMs[i], 4);
  CHECK(bench.has(AbuseReason::kRapidIpChanges));
  bench.push(16'000, 4);  // the first address leaves
  CHECK_FALSE(bench.has(AbuseReason::kRapidIpChanges));
}

TEST_CASE("the incremental counts equal a recount of the window", "[score]") {
  for (const uint32_t capacity : {2U, 3U, 10U, 16U}) {
    Bench bench(capacity);
    std::vector<std::pair<uint32_t, uint32_t>> all;
    uint32_t state = capacity;
    for (int i = 0; i < 2000; ++i) {
      state = state * 1664525U + 1013904223U;
      all.emplace_back(state >> 29, state >> 20 & 3U);
      bench.push(i * 100, all.back().first, all.back().second);
      std::set<uint32_t> addresses, agents;
      for (size_t k = all.size() > capacity ? all.size() - capacity : 0; k < all.size(); ++k) {
        addresses.insert(all[k].first);
        agents.insert(all[k].second);
      }
      REQUIRE(bench.client.distinct_addresses == addresses.size());
      REQUIRE(bench.client.distinct_agents == agents.size());
    }
  }
}

TEST_CASE("timing is regular up to a variation of 10 %, included", "[score]") {
  Bench bench;
  CHECK(bench.regular({1000, 1000, 1000, 1000, 1000}));
  CHECK(bench.regular({900, 1100, 900, 1100, 900, 1100}));  // mean 1000, deviation 100: exactly 10 %
  CHECK_FALSE(bench.regular({899, 1101, 899, 1101, 899, 1101}));
  CHECK(bench.regular({60'000, 60'010, 59'990, 60'004, 59'999}));
  CHECK_FALSE(bench.regular({300, 1800, 300, 3500, 100}));
}

TEST_CASE("fewer than 5 intervals are never regular", "[score]") {
  Bench bench;
  CHECK_FALSE(bench.regular({1000, 1000, 1000, 1000}));
  CHECK(bench.regular({1000, 1000, 1000, 1000, 1000}));
}

TEST_CASE("a burst within an instant is not regular", "[score]") {
  Bench bench;
  CHECK_FALSE(bench.regular({0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(bench.regular({49, 49, 49, 49, 49}));
  CHECK(bench.regular({50, 50, 50, 50, 50}));
}

TEST_CASE("the interval before the oldest request is not of the window", "[score]") {
  Bench bench;
  CHECK_FALSE(bench.regular({90'000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}));
  CHECK(bench.regular({90'000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}));
}

TEST_CASE("records out of order are measured by their times in ascending order", "[score]") {
  Bench bench;
  for (const int64_t time : {1000, 3000, 2000, 5000, 4000, 6000, 8000, 7000})
    bench.push(time);
  CHECK(bench.window.is_regular(bench.options));
  Bench backwards;
  for (int64_t time = 9000; time > 0; time -= 1000)
    backwards.push(time);
  CHECK(backwards.window.is_regular(backwards.options));
}

TEST_CASE("IPv6 counts by /64 and IPv4 by address", "[score]") {
  const auto unit = [](const char* text) { return address_unit_of(*IpAddress::parse(text)); };
  CHECK(unit("2001:db8::1") == unit("2001:db8::ffff:1"));
  CHECK(unit("2001:db8:0:1::1") != unit("2001:db8:0:2::1"));
  CHECK(unit("192.0.2.1") == unit("::ffff:192.0.2.1"));
  CHECK(unit("192.0.2.1") != unit("192.0.2.2"));
}

TEST_CASE("a user agent is never mistaken for none", "[score]") {
  CHECK(user_agent_of(0) == 0);
  CHECK(user_agent_of(0x1234567812345678ULL) != 0);
}

}  // namespace weir
