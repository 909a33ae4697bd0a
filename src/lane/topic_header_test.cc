#include "lane/topic_header.h"

#include "base/catch.h"

namespace weir {
namespace {

ObservationBlock block_of(const std::vector<uint16_t>& topics) {
  ObservationBlock block;
  for (const uint16_t topic : topics) {
    block.observations.emplace_back().at.topic = topic;
    block.correlations.events.emplace_back().at.topic = topic;
    block.sources.emplace_back().topic = topic;
  }
  return block;
}

std::vector<uint16_t> topics_of(const ObservationBlock& block) {
  std::vector<uint16_t> topics;
  for (size_t i = 0; i < block.observations.size(); ++i) {
    CHECK(block.correlations.events[i].at.topic == block.observations[i].at.topic);
    topics.push_back(block.observations[i].at.topic);
  }
  return topics;
}

TEST_CASE("the header names every topic with its number, and those that have joined", "[topics]") {
  TopicTable topics{"a", "b"};
  TopicHeaderWriter writer(topics);
  CHECK(writer.text() == "0=a,1=b");
  REQUIRE(topics.add("c", TopicTable::Unclaimed::kTake) == 2);
  CHECK(writer.text() == "0=a,1=b,2=c");
}

TEST_CASE("a block's topics become those of the process that reads it, by their names", "[topics]") {
  TopicTable here{"b", "c"};
  TopicHeaderReader reader(here);
  ObservationBlock block = block_of({2, 0, 1});
  reader.translate("0=a,1=b,2=c", block);
  CHECK(topics_of(block) == std::vector<uint16_t>{1, 2, 0});
  REQUIRE(block.sources.size() == 3);
  CHECK(block.sources[0].topic == 1);
  CHECK(here[2] == "a");  // named by nobody here, but alerts can name it

  ObservationBlock same = block_of({0, 1});
  reader.translate("0=b,1=c", same);
  CHECK(topics_of(same) == std::vector<uint16_t>{0, 1});
}

TEST_CASE("a block without the header keeps its numbers", "[topics]") {
  TopicHeaderReader reader(TopicTable{"b", "c"});
  ObservationBlock block = block_of({1, 0});
  reader.translate("", block);
  CHECK(topics_of(block) == std::vector<uint16_t>{1, 0});
}

TEST_CASE("a number that the header does not name stands for no topic", "[topics]") {
  TopicHeaderReader reader(TopicTable{"b"});
  ObservationBlock block = block_of({0, 5});
  reader.translate("5=b,,x=y,7,=,99999=z", block);
  CHECK(topics_of(block) == std::vector<uint16_t>{TopicTable::kNoTopic, 0});
  REQUIRE(block.sources.size() == 1);
  CHECK(block.sources[0].topic == 0);
}

}  // namespace
}  // namespace weir
