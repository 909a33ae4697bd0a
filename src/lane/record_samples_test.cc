#include "lane/record_samples.h"

#include "base/catch.h"

namespace weir {
namespace {

TEST_CASE("so many samples of a source are kept, each of a bounded size", "[samples]") {
  RecordSamples samples;
  samples.offer(1, std::string(RecordSamples::kRecordBytesMax + 1, 'x'));
  samples.offer(1, "");
  samples.offer(TopicTable::kNoSource, "of no source");
  for (size_t i = 0; i < 2 * RecordSamples::kPerSource; ++i)
    samples.offer(1, "record " + std::to_string(i));
  samples.offer(2, "another");
  const auto taken = samples.take(1);
  REQUIRE(taken.size() == RecordSamples::kPerSource);
  CHECK(taken.front() == "record 0");
  CHECK(samples.take(2) == std::vector<std::string>{"another"});
}

TEST_CASE("after samples were taken new ones are gathered", "[samples]") {
  RecordSamples samples;
  samples.offer(0, "old");
  CHECK(samples.take(0).size() == 1);
  samples.offer(0, "new");
  CHECK(samples.take(0) == std::vector<std::string>{"new"});
}

}  // namespace
}  // namespace weir
