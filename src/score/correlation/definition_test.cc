#include "score/correlation/definition.h"

#include <cmath>
#include <functional>
#include <limits>

#include "base/catch.h"

using namespace weir;

namespace {

using Definitions = std::vector<std::unique_ptr<CorrelationDefinition>>;

CorrelationDefinition full() {
  CorrelationDefinition definition;
  definition.id = "5f0c1e6e-0000-4000-8000-000000000001";
  definition.title = "many of one kind";
  definition.tags = {"attack.t1110", "owasp.a07"};
  definition.level = Level::kHigh;
  definition.type = CorrelationType::kValuePercentile;
  definition.bounds = {{CorrelationOperator::kGreater, 10.5}, {CorrelationOperator::kGreaterEqual, 3}};
  definition.percentile = 95;
  definition.timespan_ms = 60'000;
  definition.sources = 3;
  definition.group_by = {"client", "host"};
  definition.alerts = false;
  definition.set_hash();
  return definition;
}

std::unique_ptr<CorrelationDefinition> reread(const CorrelationDefinition& definition, const Definitions& known = {}) {
  std::string bytes;
  BinaryWriter out(bytes);
  write_definition(out, definition);
  BinaryReader in(bytes);
  return read_definition(in, known);
}

/// Whether a definition that was changed so can be read.
bool is_read(const std::function<void(CorrelationDefinition&)>& change, const Definitions& known = {}) {
  CorrelationDefinition definition = full();
  change(definition);
  return reread(definition, known) != nullptr;
}

}  // namespace

TEST_CASE("a definition is read as it was written", "[correlation][definition]") {
  const CorrelationDefinition definition = full();
  const auto read = reread(definition);
  REQUIRE(read != nullptr);
  CHECK(read->hash == definition.hash);
  CHECK(read->id == definition.id);
  CHECK(read->title == definition.title);
  CHECK(read->tags == definition.tags);
  CHECK(read->level == definition.level);
  CHECK(read->type == definition.type);
  REQUIRE(read->bounds.size() == 2);
  CHECK(read->bounds[0].op == CorrelationOperator::kGreater);
  CHECK(read->bounds[0].number == 10.5);
  CHECK(read->percentile == 95);
  CHECK(read->timespan_ms == 60'000);
  CHECK(read->sources == 3);
  CHECK(read->group_by == definition.group_by);
  CHECK_FALSE(read->alerts);
  CHECK(read->feeds.empty());
}

TEST_CASE("a definition beyond its limits is none", "[correlation][definition]") {
  constexpr int64_t kYearMs = int64_t{366} * 86'400'000;
  const auto sources = [](uint8_t count) { return [count](CorrelationDefinition& it) { it.sources = count; }; };
  CHECK_FALSE(is_read(sources(0)));
  CHECK(is_read(sources(1)));
  CHECK(is_read(sources(Correlation::kSourcesMax)));
  CHECK_FALSE(is_read(sources(Correlation::kSourcesMax + 1)));
  const auto timespan = [](int64_t ms) { return [ms](CorrelationDefinition& it) { it.timespan_ms = ms; }; };
  CHECK_FALSE(is_read(timespan(0)));
  CHECK(is_read(timespan(1)));
  CHECK(is_read(timespan(kYearMs)));
  CHECK_FALSE(is_read(timespan(kYearMs + 1)));
  CHECK_FALSE(is_read(timespan(-1)));
  const auto percentile = [](double number) { return [number](CorrelationDefinition& it) { it.percentile = number; }; };
  CHECK(is_read(percentile(0)));
  CHECK(is_read(percentile(std::nextafter(100, 0))));
  CHECK_FALSE(is_read(percentile(100)));
  CHECK_FALSE(is_read(percentile(-1)));
  CHECK_FALSE(is_read(percentile(std::numeric_limits<double>::quiet_NaN())));
  const auto fields = [](size_t count) {
    return [count](CorrelationDefinition& it) { it.group_by.assign(count, "client"); };
  };
  CHECK(is_read(fields(0)));
  CHECK(is_read(fields(Correlation::kGroupFieldsMax)));
  CHECK_FALSE(is_read(fields(Correlation::kGroupFieldsMax + 1)));
  const auto bounds = [](size_t count) {
    return [count](CorrelationDefinition& it) { it.bounds.assign(count, {CorrelationOperator::kGreaterEqual, 3}); };
  };
  CHECK_FALSE(is_read(bounds(0)));
  CHECK(is_read(bounds(1)));
  CHECK(is_read(bounds(Correlation::kBoundsMax)));
  CHECK_FALSE(is_read(bounds(Correlation::kBoundsMax + 1)));
  CHECK_FALSE(
      is_read([](CorrelationDefinition& it) { it.bounds[1].number = std::numeric_limits<double>::infinity(); }));
}

TEST_CASE("a definition that feeds one needs that one, and a source that it has", "[correlation][definition]") {
  Definitions known;
  known.push_back(std::make_unique<CorrelationDefinition>(full()));
  const auto feeds = [&](uint8_t source) {
    return [&, source](CorrelationDefinition& it) { it.feeds = {{known.front().get(), source}}; };
  };
  CHECK(is_read(feeds(0), known));
  CHECK(is_read(feeds(2), known));
  CHECK_FALSE(is_read(feeds(3), known));  // it has three
  CHECK_FALSE(is_read(feeds(0)));
  CorrelationDefinition definition = full();
  feeds(1)(definition);
  const auto read = reread(definition, known);
  REQUIRE(read != nullptr);
  REQUIRE(read->feeds.size() == 1);
  CHECK(read->feeds.front().definition == known.front().get());
  CHECK(read->feeds.front().source == 1);
}

TEST_CASE("a definition that is cut short is none", "[correlation][definition]") {
  std::string bytes;
  BinaryWriter out(bytes);
  write_definition(out, full());
  for (size_t size = 0; size < bytes.size(); ++size) {
    BinaryReader in(std::string_view(bytes).substr(0, size));
    CHECK(read_definition(in, {}) == nullptr);
  }
}

TEST_CASE("the least that fulfils bounds is a whole number, one at least", "[correlation][definition]") {
  const auto least = [](std::vector<CorrelationBound> bounds) {
    CorrelationDefinition definition;
    definition.bounds = std::move(bounds);
    return definition.least();
  };
  CHECK(least({}) == 1);
  CHECK(least({{CorrelationOperator::kGreaterEqual, 0}}) == 1);
  CHECK(least({{CorrelationOperator::kGreaterEqual, 7}}) == 7);
  CHECK(least({{CorrelationOperator::kGreater, 7}}) == 8);
  CHECK(least({{CorrelationOperator::kGreater, 7.5}}) == 8);
  CHECK(least({{CorrelationOperator::kGreater, 7}, {CorrelationOperator::kGreaterEqual, 20}}) == 20);
  CHECK(least({{CorrelationOperator::kGreaterEqual, 1e300}}) == 1'000'000'000'000'000);
}
