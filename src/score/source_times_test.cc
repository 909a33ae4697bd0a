#include "score/source_times.h"

#include "base/catch.h"
#include "score/partition_clock.h"

using namespace weir;

namespace {

constexpr int64_t kHour = 3'600'000;

SourceReport at(int32_t partition, int64_t time_ms, bool at_end = false) {
  return {0, partition, time_ms, at_end, false};
}

/// Reports told once a second from `told_ms` on.
class Blocks {
 public:
  void take(const std::vector<SourceReport>& reports, int64_t later_ms = 1'000) {
    told_ms_ += later_ms;
    clock.take(reports, told_ms_);
    clock.follow();
  }
  PartitionClock clock;

 private:
  int64_t told_ms_ = 50 * kHour;
};

}  // namespace

TEST_CASE("the clock follows the slowest source that is not at its end", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 10 * kHour), at(1, 11 * kHour)});
  CHECK(blocks.clock.now_ms() == 10 * kHour);
  blocks.take({at(1, 12 * kHour)});
  CHECK(blocks.clock.now_ms() == 10 * kHour);
  blocks.take({at(0, 11 * kHour)});
  CHECK(blocks.clock.now_ms() == 11 * kHour);
  blocks.clock.advance(13 * kHour);  // an observation moves nothing
  CHECK(blocks.clock.now_ms() == 11 * kHour);
  blocks.take({at(0, 9 * kHour)});  // nor does it go back
  CHECK(blocks.clock.now_ms() == 11 * kHour);
}

TEST_CASE("the clock goes to where a block takes its sources only after the block's observations", "[score][sources]") {
  PartitionClock clock;
  const std::vector<SourceReport> ends{at(0, 12 * kHour, true), at(1, 12 * kHour, true)};
  clock.take(ends, 50 * kHour);
  clock.advance(10 * kHour);
  CHECK(clock.now_ms() == 10 * kHour);
  clock.advance(11 * kHour);
  CHECK(clock.now_ms() == 10 * kHour);
  clock.follow();
  CHECK(clock.now_ms() == 12 * kHour);
}

TEST_CASE("the clock does not begin with the foremost of several sources", "[score][sources]") {
  PartitionClock clock;
  const std::vector<SourceReport> reports{at(0, 12 * kHour), at(1, 9 * kHour)};
  clock.take(reports, 50 * kHour);
  clock.advance(12 * kHour);
  CHECK(clock.now_ms() == 9 * kHour);
}

TEST_CASE("the clock begins with no observation while a source has told nothing", "[score][sources]") {
  PartitionClock clock;
  const std::vector<SourceReport> foremost{at(0, 12 * kHour), at(1, SourceReport::kNoTime)};
  clock.take(foremost, 50 * kHour);
  clock.advance(12 * kHour);
  clock.follow();
  CHECK(clock.now_ms() < 9 * kHour);
  const std::vector<SourceReport> slowest{at(1, 9 * kHour)};
  clock.take(slowest, 50 * kHour);
  clock.advance(9 * kHour);
  clock.follow();
  CHECK(clock.now_ms() == 9 * kHour);
}

TEST_CASE("with all sources at their ends the clock is the foremost's", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 10 * kHour, true), at(1, 11 * kHour, true)});
  CHECK(blocks.clock.now_ms() == 11 * kHour);
}

TEST_CASE("a source that was not read yet holds the clock", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, SourceReport::kNoTime), at(1, 11 * kHour)});
  CHECK(blocks.clock.now_ms() == PartitionClock::kUnset);
  blocks.take({at(0, 10 * kHour)});
  CHECK(blocks.clock.now_ms() == 10 * kHour);
}

TEST_CASE("after an outage an end that was told before it does not count", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 10 * kHour, true), at(1, 10 * kHour, true)});
  // An hour later one source is read again; of the other nobody knows anything yet.
  blocks.take({at(0, 11 * kHour)}, kHour);
  CHECK(blocks.clock.now_ms() == 10 * kHour);
  blocks.take({at(1, 10 * kHour + 5)});
  CHECK(blocks.clock.now_ms() == 10 * kHour + 5);
  blocks.take({at(1, 11 * kHour, true)});
  CHECK(blocks.clock.now_ms() == 11 * kHour);
}

TEST_CASE("an end that is doubted holds no longer, whoever doubts it", "[score][sources]") {
  for (const bool is_mention : {false, true}) {
    Blocks blocks;
    blocks.take({at(0, 10 * kHour, true), at(1, 10 * kHour, true)});
    SourceReport doubt = at(1, is_mention ? SourceReport::kNoTime : 10 * kHour);
    doubt.is_mention = is_mention;
    doubt.is_doubted = true;
    blocks.take({at(0, 11 * kHour), doubt}, 6'000);
    CHECK(blocks.clock.now_ms() == 10 * kHour);
    blocks.take({at(1, 10 * kHour + 5)});
    CHECK(blocks.clock.now_ms() == 10 * kHour + 5);
    blocks.take({at(1, 10 * kHour + 6, true)});
    CHECK(blocks.clock.now_ms() == 11 * kHour);
  }
}

TEST_CASE("a quiet source does not hold the clock where its last record was", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 1 * kHour, true), at(1, 10 * kHour, true)});
  // Nobody reads it for a while: it holds the clock where the foremost was, not hours before.
  for (int i = 0; i < 20; ++i)
    blocks.take({at(1, 10 * kHour + i * 1'000)});
  CHECK(blocks.clock.now_ms() == 10 * kHour + 9'000);
}

TEST_CASE("a source that is stuck holds the clock for the documented time at most", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 10 * kHour), at(1, 10 * kHour)});
  const auto seconds = static_cast<int>(SourceTimes::kHeldMax.count() / 1'000);
  for (int i = 1; i <= seconds; ++i)
    blocks.take({at(0, 10 * kHour), at(1, 10 * kHour + i * 1'000)});
  CHECK(blocks.clock.now_ms() == 10 * kHour);
  CHECK(blocks.clock.sources().stuck() == 0);
  blocks.take({at(1, 11 * kHour)});
  CHECK(blocks.clock.now_ms() == 11 * kHour);
  CHECK(blocks.clock.sources().stuck() == 1);
  blocks.take({at(0, 10 * kHour + 1)});
  CHECK(blocks.clock.sources().stuck() == 0);
}

TEST_CASE("a source whose records wait for others is not stuck", "[score][sources]") {
  Blocks blocks;
  const SourceReport waits{0, 0, 11 * kHour, false, true};
  for (int i = 0; i < 1'000; ++i)
    blocks.take({waits, at(1, 10 * kHour + i)});
  CHECK(blocks.clock.sources().stuck() == 0);
}

TEST_CASE("a time without blocks makes no source stuck", "[score][sources]") {
  Blocks blocks;
  blocks.take({at(0, 10 * kHour), at(1, 10 * kHour)});
  for (int i = 1; i < 100; ++i)
    blocks.take({at(1, 11 * kHour)}, kHour);
  CHECK(blocks.clock.sources().stuck() == 0);
  CHECK(blocks.clock.now_ms() == 10 * kHour);
}

TEST_CASE("more sources than the limit hold nothing", "[score][sources]") {
  Blocks blocks;
  for (size_t i = 0; i <= SourceTimes::kSourcesMax; ++i)
    blocks.take({at(static_cast<int32_t>(i), i == SourceTimes::kSourcesMax ? 0 : kHour)}, 0);
  CHECK(blocks.clock.sources().sources().size() == SourceTimes::kSourcesMax);
  CHECK(blocks.clock.now_ms() == kHour);
}
