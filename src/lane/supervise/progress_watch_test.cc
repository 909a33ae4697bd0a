#include <algorithm>

#include "lane/supervise/progress_watch.h"

#include "base/catch.h"

using namespace weir;

namespace {

ProgressWatch::Clock::time_point at(Milliseconds time) {
  return ProgressWatch::Clock::time_point(Milliseconds(1'000'000) + time);
}

}  // namespace

TEST_CASE("a lane with work that gets on with nothing has stalled after the documented time", "[lane][watch]") {
  ProgressWatch watch(at(Milliseconds(0)));
  CHECK_FALSE(watch.is_quiet(at(ProgressWatch::kAskAfter / 2)));
  CHECK(watch.is_quiet(at(ProgressWatch::kAskAfter)));
  CHECK_FALSE(watch.has_stalled(at(ProgressWatch::kStallAfter - Milliseconds(1))));
  CHECK(watch.has_stalled(at(ProgressWatch::kStallAfter)));
}

TEST_CASE("a new client that does not help gets twice the time, up to a limit", "[lane][watch]") {
  ProgressWatch watch(at(Milliseconds(0)));
  Milliseconds now = ProgressWatch::kStallAfter;
  CHECK(watch.has_stalled(at(now)));
  for (Milliseconds wait = ProgressWatch::kStallAfter * 2; wait <= ProgressWatch::kStallAfterMax * 2; wait *= 2) {
    const Milliseconds due = std::min(wait, ProgressWatch::kStallAfterMax);
    CHECK_FALSE(watch.has_stalled(at(now + due - Milliseconds(1))));
    now += due;
    CHECK(watch.has_stalled(at(now)));
  }
  watch.progressed(at(now));
  CHECK(watch.has_stalled(at(now + ProgressWatch::kStallAfter)));
}

TEST_CASE("a lane without work, or without a broker, never stalls", "[lane][watch]") {
  ProgressWatch watch(at(Milliseconds(0)));
  Milliseconds now{0};
  for (int i = 0; i < 100; ++i) {
    now += ProgressWatch::kAskAfter;
    REQUIRE(watch.is_quiet(at(now)));
    watch.excused(at(now));
    CHECK_FALSE(watch.has_stalled(at(now)));
  }
}
