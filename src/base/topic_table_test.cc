#include "base/topic_table.h"

#include <thread>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

std::optional<TopicClaim> claims_logs(std::string_view topic) {
  if (topic.starts_with("logs.")) return TopicClaim{1, "also claimed"};
  if (topic == "plain") return TopicClaim{0, {}};
  return std::nullopt;
}

const std::vector<std::string> kPlain{"plain"};

TEST_CASE("a topic keeps its number, and copies of a table are one", "[topics]") {
  TopicTable table(kPlain, {"flat", "web"}, claims_logs);
  TopicTable copy = table;
  REQUIRE(copy.add("logs.a", TopicTable::Unclaimed::kRefuse) == 1);
  CHECK(table.add("logs.a", TopicTable::Unclaimed::kRefuse) == 1);
  CHECK(table.find("plain") == 0);
  CHECK(table.size() == 2);
  CHECK(table[1] == "logs.a");
  CHECK(table.source_name(0) == "flat");
  CHECK(table.source_name(1) == "web");
  CHECK(table.remark(1) == "also claimed");
}

TEST_CASE("a topic that no source claims gets a number only where that is asked for", "[topics]") {
  TopicTable table(kPlain, {"flat"}, claims_logs);
  CHECK_FALSE(table.add("other", TopicTable::Unclaimed::kRefuse));
  REQUIRE(table.add("other", TopicTable::Unclaimed::kTake) == 1);
  CHECK(table.source_of(1) == TopicTable::kNoSource);
  CHECK(table.source_name(1).empty());
  CHECK(table.name(7).empty());
}

TEST_CASE("a table of names alone has one source without a name", "[topics]") {
  TopicTable table{"a", "b"};
  CHECK_FALSE(table.add("c", TopicTable::Unclaimed::kRefuse));
  CHECK(table.source_of(1) == 0);
  CHECK(table.source_name(1).empty());
}

TEST_CASE("a full table takes no more topics", "[topics]") {
  TopicTable table;
  for (size_t i = 0; i < TopicTable::kTopicsMax; ++i)
    REQUIRE(table.add("t" + std::to_string(i), TopicTable::Unclaimed::kTake) == i);
  CHECK_FALSE(table.add("one more", TopicTable::Unclaimed::kTake));
  CHECK(table.add("t255", TopicTable::Unclaimed::kTake) == 255);
}

TEST_CASE("threads that add the same topics at once agree on their numbers", "[topics]") {
  TopicTable table;
  std::vector<std::vector<uint16_t>> found(4);
  std::vector<std::thread> threads;
  for (auto& numbers : found) {
    threads.emplace_back([&numbers, table]() mutable {
      for (size_t i = 0; i < TopicTable::kTopicsMax; ++i)
        numbers.push_back(table.add("t" + std::to_string(i), TopicTable::Unclaimed::kTake).value());
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(table.size() == TopicTable::kTopicsMax);
  for (const auto& numbers : found)
    CHECK(numbers == found.front());
  for (size_t i = 0; i < TopicTable::kTopicsMax; ++i)
    CHECK(table[found.front()[i]] == "t" + std::to_string(i));
}

}  // namespace
}  // namespace weir
