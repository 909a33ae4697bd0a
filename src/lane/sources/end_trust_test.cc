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

TEST_CASE("ends are trusted while nothing interrupts, and nobody is asked", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  CHECK(trust.holds(at(now)));
  poll_until(trust, now, 200'000);
  CHECK(trust.holds(at(now)));
  CHECK_FALSE(trust.ask(at(now)));
}

TEST_CASE("after a lost connection ends are not trusted until the brokers have told them anew", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  poll_until(trust, now, 102'000, 1);
  CHECK_FALSE(trust.holds(at(now)));
  const auto question = trust.ask(at(now));
  REQUIRE(question);
  CHECK_FALSE(trust.ask(at(now)));  // once
  poll_until(trust, now, 300'000, 1);
  CHECK_FALSE(trust.holds(at(now)));  // however long it takes
  CHECK(trust.answered(*question, true, at(now)));
  CHECK(trust.holds(at(now)));
}

TEST_CASE("an answer from before an interruption is worth nothing", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000, 1);
  const auto question = trust.ask(at(now));
  REQUIRE(question);
  poll_until(trust, now, 102'000, 2);
  CHECK_FALSE(trust.answered(*question, true, at(now)));
  CHECK_FALSE(trust.holds(at(now)));
  const auto again = trust.ask(at(now));
  REQUIRE(again);
  CHECK(*again != *question);
  CHECK(trust.answered(*again, true, at(now)));
  CHECK(trust.holds(at(now)));
}

TEST_CASE("brokers that do not answer are asked again after a pause, and none is while all are away",
          "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 400'000, 1, true);
  CHECK_FALSE(trust.holds(at(now)));
  CHECK_FALSE(trust.ask(at(now)));
  poll_until(trust, now, 401'000, 1);
  const auto question = trust.ask(at(now));
  REQUIRE(question);
  CHECK_FALSE(trust.answered(*question, false, at(now)));
  CHECK_FALSE(trust.holds(at(now)));
  CHECK_FALSE(trust.ask(at(now)));
  now += EndTrust::kAskAgain.count();
  trust.look(1, false, at(now));
  const auto again = trust.ask(at(now));
  REQUIRE(again);
  CHECK(trust.answered(*again, true, at(now)));
  CHECK(trust.holds(at(now)));
}

TEST_CASE("a process that stood still does not trust what it knew before", "[lane][sources]") {
  EndTrust trust;
  int64_t now = 100'000;
  poll_until(trust, now, 101'000);
  now += 300'000;  // stopped within a poll: asked before the next one
  CHECK_FALSE(trust.holds(at(now)));
  trust.look(0, false, at(now));
  const auto question = trust.ask(at(now));
  REQUIRE(question);
  CHECK(trust.answered(*question, true, at(now)));
  CHECK(trust.holds(at(now)));
  CHECK_FALSE(trust.holds(at(now + 290'000)));  // not polled meanwhile
}
