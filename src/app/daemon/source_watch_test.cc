#include "app/daemon/source_watch.h"

#include "base/catch.h"

namespace weir {
namespace {

struct Fixture {
  std::vector<std::string> lines;
  std::vector<std::vector<std::string>> described;
  SourceWatch watch{[this](LogLevel level, std::string_view line) {
                      CHECK(level == LogLevel::kWarning);
                      lines.emplace_back(line);
                    },
                    [this](const std::vector<std::string>& records) {
                      described.push_back(records);
                      return records.empty() ? std::string()
                                             : std::string("2 of 2 look like caddy: set profile: caddy");
                    }};
  SourceReadings readings = [] {
    SourceReadings two(2);
    two[0].name = "api";
    two[1].name = "web";
    return two;
  }();
  std::vector<SourceTotals> totals{2};
  RecordSamples samples;
  SourceWatch::Clock::time_point now{std::chrono::hours(5)};

  void look() { watch.look(readings, totals, samples, now); }
  void read(size_t source, uint64_t records, uint64_t requests) {
    totals[source].records += records;
    totals[source].requests += requests;
    for (auto& field : totals[source].fields_read)
      field += requests;
  }
};

TEST_CASE("most records of a source not fitting is said once, with what they look like", "[source_watch]") {
  Fixture fixture;
  fixture.samples.offer(1, "a record");
  fixture.read(0, 5'000, 5'000);
  fixture.read(1, 999, 0);
  fixture.look();
  CHECK(fixture.lines.empty());
  fixture.read(1, 1, 0);
  fixture.look();
  REQUIRE(fixture.lines.size() == 1);
  CHECK(fixture.lines[0] ==
        "source web: of 1000 records most do not have the form of profile ; of samples 2 of 2 look like caddy: set "
        "profile: caddy");
  CHECK(fixture.described == std::vector<std::vector<std::string>>{{"a record"}});
  fixture.read(1, 5'000, 0);
  fixture.look();
  CHECK(fixture.lines.size() == 1);
}

TEST_CASE("it is said again after an hour if it is still so, and also when it begins late", "[source_watch]") {
  Fixture fixture;
  fixture.read(0, 1'000'000, 1'000'000);
  fixture.look();
  fixture.read(0, 2'000, 10);
  fixture.look();
  REQUIRE(fixture.lines.size() == 1);
  fixture.now += std::chrono::hours(1);
  fixture.read(0, 2'000, 2'000);
  fixture.look();
  CHECK(fixture.lines.size() == 1);
  fixture.read(0, 2'000, 10);
  fixture.look();
  REQUIRE(fixture.lines.size() == 2);
  CHECK(fixture.lines[1].find("none has a form that a profile reads") != std::string::npos);
}

TEST_CASE("a field that a source lacks is said once for it", "[source_watch]") {
  Fixture fixture;
  fixture.read(0, 1'000, 1'000);
  fixture.read(1, 1'000, 1'000);
  fixture.totals[1].fields_read[kFieldQuery] = 0;
  fixture.look();
  fixture.look();
  REQUIRE(fixture.lines.size() == 1);
  CHECK(fixture.lines[0].starts_with("source web lacks query: "));
}

}  // namespace
}  // namespace weir
