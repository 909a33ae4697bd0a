#include "app/replay/record_order.h"

#include <utility>
#include <vector>

#include "app/replay/range_arguments.h"
#include "app/replay/rate_limit.h"
#include "app/replay/unit_queues.h"
#include "base/catch.h"

using namespace weir;

namespace {

using Times = std::vector<std::vector<int64_t>>;

/// (range, position) of all records, in their order.
std::vector<std::pair<uint32_t, size_t>> order_of(const Times& ranges) {
  RecordOrder order;
  std::vector<size_t> at(ranges.size());
  std::vector<std::pair<uint32_t, size_t>> found;
  for (uint32_t range = 0; range < ranges.size(); ++range)
    if (!ranges[range].empty()) order.add({ranges[range].front(), range});
  while (!order.empty()) {
    const uint32_t range = order.due();
    const size_t run = order.run_of(std::span<const int64_t>(ranges[range]).subspan(at[range]));
    REQUIRE(run >= 1);
    for (size_t i = 0; i < run; ++i)
      found.emplace_back(range, at[range]++);
    order.remove_due();
    if (at[range] < ranges[range].size()) order.add({ranges[range][at[range]], range});
  }
  return found;
}

std::vector<int64_t> ordered_by(std::vector<int64_t> append_ms) {
  std::vector<int64_t> order_ms;
  order_by_time(append_ms, order_ms);
  return order_ms;
}

}  // namespace

TEST_CASE("records of several ranges are put in the order of their times, equals in that of the ranges", "[replay]") {
  const auto order = order_of({{10, 20, 20, 50}, {20, 30}, {}, {5, 20, 60}});
  const std::vector<std::pair<uint32_t, size_t>> expected{{3, 0}, {0, 0}, {0, 1}, {0, 2}, {1, 0},
                                                          {3, 1}, {1, 1}, {0, 3}, {3, 2}};
  CHECK(order == expected);
}

TEST_CASE("a range keeps its own order whatever its times are", "[replay]") {
  const auto order = order_of({{10, 5, 40}, {20, 30}});
  const std::vector<std::pair<uint32_t, size_t>> expected{{0, 0}, {0, 1}, {1, 0}, {1, 1}, {0, 2}};
  CHECK(order == expected);
}

TEST_CASE("a record whose producer has a wrong clock stands where its neighbours stand", "[replay]") {
  CHECK(ordered_by({1, 2, 3, 1'000'000, 5, 6, 7, 8}) == std::vector<int64_t>{1, 2, 3, 5, 6, 7, 7, 8});
  CHECK(ordered_by({1, 2, 3, 4, 5}) == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(ordered_by({7}) == std::vector<int64_t>{7});
}

TEST_CASE("times leap where the records do", "[replay]") {
  CHECK(ordered_by({1, 2, 3, 4, 900, 901, 902, 903}) == std::vector<int64_t>{1, 2, 3, 4, 900, 901, 902, 903});
}

TEST_CASE("a record without a time stands with the one before it", "[replay]") {
  CHECK(ordered_by({4, kNoAppendTime, 6}) == std::vector<int64_t>{4, 4, 6});
}

TEST_CASE("a limit of the rate gives turns one after the other and none for a pause", "[replay]") {
  using namespace std::chrono_literals;
  RateLimit limit(1'000);
  const RateLimit::Clock::time_point start{10s};
  CHECK(limit.take(500, start) == 0ms);
  CHECK(limit.take(500, start) == 500ms);
  CHECK(limit.take(500, start + 600ms) == 400ms);
  CHECK(limit.take(500, start + 60s) == 0ms);
  CHECK(limit.take(500, start + 60s) == 500ms);
  CHECK((limit.records_at_once(512) == 100 && RateLimit(0).records_at_once(512) == 512));
  CHECK(RateLimit(3).records_at_once(512) == 1);
}

TEST_CASE("a queue of judged units has a limit, and others go on beside it", "[replay]") {
  UnitQueues queues(UnitQueues::kUnitsMax, 1);
  CHECK((queues.has_room(0) && queues.has_room(1)));
  auto unit = queues.obtain();
  unit->range = 0;
  queues.push(std::move(unit));
  CHECK((!queues.has_room(0) && queues.has_room(1)));
  queues.finish(0);
  const auto taken = queues.next(0, [] {});
  REQUIRE(taken != nullptr);
  CHECK(queues.has_room(0));
  CHECK(queues.next(0, [] {}) == nullptr);
}

TEST_CASE("lists of partitions", "[replay]") {
  CHECK(partitions_argument("").value().empty());
  CHECK(partitions_argument("7,0,2-4,3").value() == std::vector<int32_t>{0, 2, 3, 4, 7});
  for (const char* wrong : {"a", "1,", ",1", "4-", "-4", "4-2", "1 2", "99999999"})
    CHECK_FALSE(partitions_argument(wrong).has_value());
}

TEST_CASE("lengths of time", "[replay]") {
  CHECK(length_argument("--warm-up", "90m").value() == std::chrono::minutes(90));
  for (const char* wrong : {"", "h", "1", "-1h", "1w", "1.5h"})
    CHECK_FALSE(length_argument("--warm-up", wrong).has_value());
}
