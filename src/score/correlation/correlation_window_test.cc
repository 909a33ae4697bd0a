// What a window says about the records of a timespan, compared with counting them all.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "score/correlation/test_events.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr int64_t kSpan = 1'000;

/// All records so far, and the answers of whoever forgets nothing.
struct Everything {
  std::vector<CorrelationWindow::Record> records;

  std::vector<CorrelationWindow::Record> within(int64_t newest_ms) const {
    std::vector<CorrelationWindow::Record> found;
    for (const auto& record : records)
      if (record.time_ms > newest_ms - kSpan && record.time_ms <= newest_ms) found.push_back(record);
    return found;
  }
};

/// Feeds records in nearly ascending order and compares after each.
template <typename Expected>
void compare(const CorrelationDefinition& definition, unsigned seed, int64_t disorder_ms, Expected expected) {
  std::mt19937 random(seed);
  CorrelationWindow window;
  Everything everything;
  int64_t now_ms = 100'000, newest_ms = kNoTime;
  for (int i = 0; i < 3'000; ++i) {
    now_ms += static_cast<int64_t>(random() % 4 == 0 ? random() % 900 : random() % 60);
    const int64_t late_ms = disorder_ms == 0 ? 0 : static_cast<int64_t>(random()) % disorder_ms;
    const CorrelationWindow::Record record{now_ms - late_ms, uint64_t{1} << random() % 3, random() % 12};
    newest_ms = std::max(newest_ms, record.time_ms);
    if (record.time_ms <= newest_ms - kSpan) continue;
    everything.records.push_back(record);
    const bool holds = window.slide(definition, record, newest_ms).has_value();
    INFO("record " << i << " seed " << seed);
    REQUIRE(holds == expected(everything.within(newest_ms)));
  }
}

}  // namespace

TEST_CASE("a sliding count holds exactly when enough records stand within the timespan") {
  for (const unsigned least : {1U, 2U, 5U, 17U, 60U})
    for (const int64_t disorder : {0, 400})
      compare(definition_of(CorrelationType::kEventCount, least, kSpan), least, disorder,
              [&](const auto& records) { return records.size() >= least; });
}

TEST_CASE("a sliding count of values holds exactly when enough different ones stand within the timespan") {
  for (const unsigned least : {1U, 2U, 5U, 9U, 12U})
    for (const int64_t disorder : {0, 400})
      compare(definition_of(CorrelationType::kValueCount, least, kSpan), least, disorder, [&](const auto& records) {
        std::set<uint64_t> values;
        for (const auto& record : records)
          values.insert(record.value);
        return values.size() >= least;
      });
}

TEST_CASE("temporal holds exactly when every rule hit within the timespan") {
  auto definition = definition_of(CorrelationType::kTemporal, 3, kSpan);
  definition.sources = 3;
  for (const int64_t disorder : {0, 400})
    compare(definition, 7, disorder, [&](const auto& records) {
      uint64_t sources = 0;
      for (const auto& record : records)
        sources |= record.sources;
      return sources == 7;
    });
}

TEST_CASE("temporal_ordered holds exactly when the last rule's hit ends an ordered sequence") {
  auto definition = definition_of(CorrelationType::kTemporalOrdered, 3, kSpan);
  definition.sources = 3;
  compare(definition, 11, 0, [&](const auto& records) {
    if (records.back().sources != 4) return false;
    for (size_t i = 0; i < records.size(); ++i)
      for (size_t k = i + 1; k + 1 < records.size(); ++k)
        if (records[i].sources == 1 && records[k].sources == 2) return true;
    return false;
  });
}

TEST_CASE("one record takes an ordered sequence one step further at most") {
  auto definition = definition_of(CorrelationType::kTemporalOrdered, 2, kSpan);
  definition.sources = 2;
  CorrelationWindow window;
  CHECK_FALSE(window.slide(definition, {5'000, 3, 0}, 5'000).has_value());
  CHECK(window.slide(definition, {5'001, 3, 0}, 5'001).has_value());
}

TEST_CASE("a window holds no more than its condition needs") {
  const auto count = definition_of(CorrelationType::kEventCount, 5, kSpan);
  const auto large = definition_of(CorrelationType::kEventCount, 100'000, 3'600'000);
  const auto values = definition_of(CorrelationType::kValueCount, 20, kSpan);
  CorrelationWindow a, b, c;
  uint64_t needed = 0;
  for (uint64_t i = 1; i <= 200'000; ++i) {
    const auto time_ms = static_cast<int64_t>(i);
    a.slide(count, {time_ms, 1, 0}, time_ms);
    if (b.slide(large, {time_ms, 1, 0}, time_ms) && needed == 0) needed = i;
    if (i % 100 == 0) c.slide(values, {time_ms, 1, i}, time_ms);
  }
  CHECK(a.size() == 5);
  CHECK(b.size() <= CorrelationWindow::kParts + 1);
  CHECK(c.size() <= 20);
  CHECK(needed == 100'000);
}

TEST_CASE("a sum over a timespan forgets what is older, to a 256th of it") {
  const auto sum = definition_of(CorrelationType::kValueSum, 1'000, 256'000);
  CorrelationWindow window;
  CHECK_FALSE(window.slide(sum, {1'000'000, 1, EventMaker::number(600)}, 1'000'000).has_value());
  CHECK(window.slide(sum, {1'254'000, 1, EventMaker::number(400)}, 1'254'000).value() == 1'000);
  CHECK_FALSE(window.slide(sum, {1'256'000, 1, EventMaker::number(399)}, 1'256'000).has_value());
}

TEST_CASE("an average, a sum and a percentile are those of the timespan's values") {
  const auto number = [](double value) { return CorrelationWindow::Record{1'000, 1, EventMaker::number(value)}; };
  auto average = definition_of(CorrelationType::kValueAverage, 0, kSpan);
  CorrelationWindow window;
  for (const double value : {1.0, 2.0, 6.0})
    window.tumble(average, number(value));
  CHECK(window.total(average) == 3.0);

  auto percentile = definition_of(CorrelationType::kValuePercentile, 0, kSpan);
  for (const double wanted : {1.0, 50.0, 95.0, 99.0}) {
    percentile.percentile = wanted;
    CorrelationWindow values;
    for (int i = 1'000; i > 0; --i)
      values.tumble(percentile, number(i));
    CHECK(values.total(percentile) == Approx(wanted * 10).epsilon(0.011));
    CHECK(values.size() < 500);
  }
  CorrelationWindow zeros;
  zeros.tumble(percentile, number(0));
  CHECK(zeros.total(percentile) == 0);
}

TEST_CASE("a window that was cleared counts from nothing") {
  for (const auto type : {CorrelationType::kEventCount, CorrelationType::kValueSum, CorrelationType::kValueAverage}) {
    CorrelationDefinition definition;
    definition.type = type;
    definition.timespan_ms = kSpan;
    definition.bounds = {{CorrelationOperator::kLess, 100}};
    CorrelationWindow window, fresh;
    for (int i = 0; i < 7; ++i)
      window.tumble(definition, {i, 1, 5});
    window.clear();
    CHECK(window.size() == 0);
    CHECK(window.records() == 0);
    CHECK(window.sum() == 0);
    for (CorrelationWindow* one : {&window, &fresh})
      one->tumble(definition, {10, 1, 5});
    CHECK(window.total(definition) == fresh.total(definition));
  }
}
