#include "pipeline/blind_spots.h"

#include "base/catch.h"

using namespace weir;

namespace {

constexpr size_t kSource = 2;

std::string names(const DetectCounters& lane, const SourceReading& reading = {}) {
  const DetectCounters* const lanes[]{&lane};
  std::string words;
  for (const BlindSpot& spot : blind_spots(totals_of(lanes, kSource), reading)) {
    CHECK_FALSE(spot.sentence.empty());
    words += spot.what + ":";
  }
  return words;
}

}  // namespace

TEST_CASE("a field that detection needs and no request had is a blind spot", "[blind_spots]") {
  DetectCounters lane;
  CHECK(names(lane).empty());
  SourceCounters& source = lane.sources[kSource];
  source.records.add(1'000);
  source.requests.add(1'000);
  for (const auto field : {kFieldUserAgent, kFieldClientIp})
    source.fields_read[field].add(7);
  CHECK(names(lane) == "time:query:");
  source.fields_read[kFieldQuery].add();
  CHECK(names(lane) == "time:");
}

TEST_CASE("a field that the configuration maps and no request had is a blind spot", "[blind_spots]") {
  DetectCounters lane;
  SourceCounters& source = lane.sources[kSource];
  source.records.add(1'000);
  source.requests.add(1'000);
  for (auto& field : source.fields_read)
    field.add();
  CHECK(names(lane).empty());
  DetectCounters without;
  SourceCounters& other = without.sources[kSource];
  other.records.add(1'000);
  other.requests.add(1'000);
  for (const auto field : {kFieldQuery, kFieldUserAgent, kFieldClientIp, kFieldTime})
    other.fields_read[field].add();
  SourceReading reading;
  reading.fields_chosen = 1U << kFieldStatus | 1U << kFieldQuery;
  CHECK(names(without, reading) == "status:");
}

TEST_CASE("what one source lacks is no blind spot of another", "[blind_spots]") {
  DetectCounters lane;
  lane.sources[kSource + 1].records.add(5'000);
  CHECK(names(lane).empty());
}

TEST_CASE("nothing is said before enough records were read", "[blind_spots]") {
  DetectCounters lane;
  lane.sources[kSource].records.add(999);
  lane.sources[kSource].requests.add(999);
  CHECK(names(lane).empty());
}

TEST_CASE("most records having another form is a blind spot, skipped lines are none", "[blind_spots]") {
  DetectCounters lane;
  lane.sources[kSource].records.add(1'000);
  lane.sources[kSource].requests.add(100);
  CHECK(names(lane) == "records:");
  lane.sources[kSource].skipped.add(500);
  CHECK(names(lane).empty());
}

TEST_CASE("what came later can be looked at alone", "[blind_spots]") {
  SourceTotals early, late;
  early.records = 10'000;
  early.requests = 10'000;
  late.records = 11'000;
  late.requests = 10'100;
  CHECK_FALSE(late.mostly_unfit());
  CHECK(late.since(early).mostly_unfit());
}
