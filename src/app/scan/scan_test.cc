#include "app/scan/top_counts.h"
#include "base/catch.h"

using namespace weir;

namespace {

constexpr CategoryMask kSqli = mask_of(Category::kSqli), kXss = mask_of(Category::kXss);

}  // namespace

TEST_CASE("the most frequent keys come first, equals by name", "[scan]") {
  TopCounts counts(10);
  for (const char* key : {"b", "a", "c", "c"})
    counts.add(key, kSqli, 10);
  counts.add("c", kXss, 45);
  const auto top = counts.top(2);
  REQUIRE(top.size() == 2);
  CHECK((top[0].key == "c" && top[0].count == 3 && top[0].worst_score == 45));
  CHECK(top[0].categories == (kSqli | kXss));
  CHECK(top[1].key == "a");
  CHECK((counts.size() == 3 && counts.is_exact()));
}

TEST_CASE("of more keys than it keeps, the frequent ones stay", "[scan]") {
  TopCounts counts(100);
  for (int i = 0; i < 10'000; ++i) {
    counts.add("rare " + std::to_string(i), kSqli, 10);
    if (i % 10 == 0) counts.add("frequent", kSqli, 10);
    CHECK(counts.size() <= 200);
  }
  CHECK_FALSE(counts.is_exact());
  CHECK((counts.top(1)[0].key == "frequent" && counts.top(1)[0].count == 1'000));
}

TEST_CASE("long keys are cut", "[scan]") {
  TopCounts counts(10);
  counts.add(std::string(100'000, 'x'), kSqli, 10);
  CHECK(counts.top(1)[0].key.size() == 256);
}
