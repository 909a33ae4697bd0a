#include "lane/sources/end_trust.h"

#include "base/catch.h"

using namespace weir;

namespace {

EndTrust::Clock::time_point at(int64_t ms) {
  return EndTrust::Clock::time_point(Milliseconds(ms));
}

/// Polls ten times a second.
void poll_until(EndTrust& trust, int64_t& now_ms, int64_t until_ms, uint64_t losses = 0, bool away = false) {
  for (; now_ms < until_ms; now_ms += 100)
    trust.look(losses, away, at(now_ms));
}

}  // namespace

TEST_CASE("ends are trusted while nothing interrupts", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  CHECK(trust.holds(at(now)));
  poll_until(trust, now, 200'000);
  trust.message(true, at(now));
  CHECK(trust.holds(at(now)));
}

TEST_CASE("after a lost connection ends are not trusted until others had the time to arrive", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  poll_until(trust, now, 102'000, 1);
  CHECK_FALSE(trust.holds(at(now)));
  trust.message(false, at(now));
  poll_until(trust, now, 104'500, 1);
  CHECK_FALSE(trust.holds(at(now)));
  poll_until(trust, now, 105'100, 1);
  CHECK(trust.holds(at(now)));
}

TEST_CASE("an idle partition is at its end again although nothing comes, once a broker is there", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 400'000, 1, true);
  CHECK_FALSE(trust.holds(at(now)));
  poll_until(trust, now, 409'000, 1);
  CHECK_FALSE(trust.holds(at(now)));
  poll_until(trust, now, 411'000, 1);
  CHECK(trust.holds(at(now)));
}

TEST_CASE("a process that stood still does not trust what it knew before", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  now += 300'000;  // stopped within a poll: asked before the next one
  CHECK_FALSE(trust.holds(at(now)));
  trust.look(0, false, at(now));
  trust.message(false, at(now));
  CHECK_FALSE(trust.holds(at(now + 2'900)));
  CHECK_FALSE(trust.holds(at(now + 290'000)));  // not polled meanwhile
  poll_until(trust, now, 405'000);
  CHECK(trust.holds(at(now)));
}

TEST_CASE("ends are not trusted while what has come meanwhile is still being taken", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  now += 6'000;
  for (int64_t since = now; now < since + 20'000; now += 100) {
    trust.look(0, false, at(now));
    trust.message(true, at(now));
    CHECK_FALSE(trust.holds(at(now)));
  }
  trust.message(false, at(now));
  CHECK_FALSE(trust.holds(at(now)));
  poll_until(trust, now, now + 3'000);
  CHECK(trust.holds(at(now)));
}

TEST_CASE("a lane that cannot keep up trusts ends again after a while", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  poll_until(trust, now, 101'100, 1);
  for (const int64_t since = now; now < since + EndTrust::kSettlesMax.count() + 200; now += 100) {
    trust.look(1, false, at(now));
    trust.message(true, at(now));
  }
  CHECK(trust.holds(at(now)));
}

TEST_CASE("ends are not trusted while records that came meanwhile are held back, but for a while", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  trust.waits(at(now));
  CHECK(trust.holds(at(now)));  // nothing has interrupted
  now += 6'000;
  trust.look(0, false, at(now));
  trust.waits(at(now));  // from before: nothing has come yet
  trust.message(false, at(now));
  const int64_t came = now;
  for (; now < came + 20'000; now += 100) {
    trust.look(0, false, at(now));
    trust.waits(at(now));
    CHECK_FALSE(trust.holds(at(now)));
  }
  for (; now < came + EndTrust::kSettlesMax.count() + 200; now += 100) {
    trust.look(0, false, at(now));
    trust.waits(at(now));
  }
  CHECK(trust.holds(at(now)));
}
