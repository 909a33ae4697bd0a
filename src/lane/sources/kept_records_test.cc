#include "lane/sources/kept_records.h"

#include <string>

#include "base/catch.h"

using namespace weir;

namespace {

/// Offsets from 10 on, one observation each with its offset as the seconds of its time; 12 is rejected, 13 holds two requests.
AnalyzedBatch analyzed_batch(const std::string& client) {
  AnalyzedBatch batch;
  for (int64_t offset = 10; offset < 16; ++offset) {
    if (offset == 12) {
      batch.rejected.push_back({2, RejectReason::kInvalidJson, "broken"});
      continue;
    }
    for (uint32_t request = 0; request < (offset == 13 ? 2U : 1U); ++request) {
      Observation observation;
      observation.at = {0, 3, offset, request};
      observation.time = EventTime(Milliseconds(offset * 1'000));
      const std::string_view text = client;
      observation.client = text.substr(0, 8);
      observation.words = text.substr(observation.client.size());
      if (offset == 15) observation.evidence.bytes = client;
      batch.observations.push_back(observation);
    }
  }
  return batch;
}

void keep(KeptRecords& kept, const AnalyzedBatch& batch, int64_t from) {
  for (const Observation& observation : batch.observations) {
    if (observation.at.offset >= from) kept.keep(observation);
  }
  if (from <= 12) kept.keep(12, batch.rejected.front());
  kept.keep_all(from, 16, nullptr);
}

AnalyzedBatch given(KeptRecords& kept, int64_t from, int64_t until) {
  AnalyzedBatch out;
  kept.begin_batch();
  for (int64_t offset = from; offset < until; ++offset)
    kept.give(offset, static_cast<uint32_t>(offset - from), out);
  return out;
}

}  // namespace

TEST_CASE("what was found in a record that waits is given as often as it is asked for, until it is passed",
          "[lane][sources]") {
  KeptRecords kept;
  {
    const std::string client = "customerwhose texts do not outlive the batch";
    keep(kept, analyzed_batch(client), 11);
  }
  CHECK_FALSE(kept.knows(10));
  CHECK(kept.knows(11));
  CHECK(kept.knows(15));
  CHECK_FALSE(kept.knows(16));
  for (int turn = 0; turn < 2; ++turn) {
    const AnalyzedBatch found = given(kept, 11, 16);
    REQUIRE(found.observations.size() == 5);
    CHECK(found.observations[0].at.offset == 11);
    CHECK(found.observations[0].client == "customer");
    CHECK(found.observations[0].words == "whose texts do not outlive the batch");
    CHECK(found.observations[4].evidence.bytes == "customerwhose texts do not outlive the batch");
    CHECK(found.observations[2].at.index == 1);
    REQUIRE(found.rejected.size() == 1);
    CHECK(found.rejected[0].index == 1);
    CHECK(found.rejected[0].detail == "broken");
  }
  kept.pass(14);
  CHECK(given(kept, 14, 16).observations.size() == 2);
  CHECK_FALSE(kept.knows(13));
  kept.pass(16);
  kept.begin_batch();
  CHECK(kept.empty());
  CHECK(kept.observations() == 0);
}

TEST_CASE("a record that somebody else has taken is passed over", "[lane][sources]") {
  KeptRecords kept;
  keep(kept, analyzed_batch("client"), 10);
  kept.begin_batch();
  AnalyzedBatch out;
  kept.give(10, 0, out);
  kept.give(14, 1, out);
  REQUIRE(out.observations.size() == 2);
  CHECK(out.observations[1].at.offset == 14);
  CHECK(out.rejected.empty());
}

TEST_CASE("what is kept of several batches is one row", "[lane][sources]") {
  KeptRecords kept;
  keep(kept, analyzed_batch("client"), 10);
  Observation next;
  next.at = {0, 3, 18, 0};
  next.time = EventTime(Milliseconds(5'000));
  kept.keep(next);
  kept.keep_all(18, 19, nullptr);
  CHECK(kept.first_after(14'000)->offset == 15);
  CHECK(kept.first_after(4'000)->offset == 10);
  CHECK_FALSE(kept.first_after(15'000));
  kept.pass(13);
  CHECK(kept.first_after(4'000)->offset == 13);
  kept.begin_batch();
  AnalyzedBatch out;
  for (const int64_t offset : {13, 14, 15, 18})
    kept.give(offset, 0, out);
  CHECK(out.observations.size() == 5);
}
