#include "pipeline/blind_spots.h"

#include "base/catch.h"

using namespace weir;

namespace {

std::string first_words(const std::vector<std::string>& spots) {
  std::string words;
  for (const auto& spot : spots)
    words += spot.substr(0, spot.find(':') + 1);
  return words;
}

std::vector<std::string> of(const DetectCounters& lane) {
  const DetectCounters* const lanes[]{&lane};
  return blind_spots(lanes, "nginx");
}

}  // namespace

TEST_CASE("a field that detection needs and no request had is a blind spot", "[blind_spots]") {
  DetectCounters lane;
  CHECK(of(lane).empty());
  lane.records.add(1'000);
  lane.requests.add(1'000);
  for (const auto field : {kFieldQuery, kFieldUserAgent, kFieldClientIp, kFieldTime})
    lane.fields_read[field].add(field == kFieldQuery || field == kFieldTime ? 0 : 7);
  CHECK(first_words(of(lane)) == "query:time:");
  lane.fields_read[kFieldQuery].add();
  CHECK(first_words(of(lane)) == "time:");
}

TEST_CASE("nothing is said before enough records were read", "[blind_spots]") {
  DetectCounters lane;
  lane.records.add(999);
  lane.requests.add(999);
  CHECK(of(lane).empty());
}

TEST_CASE("most records having another form is a blind spot, skipped lines are none", "[blind_spots]") {
  DetectCounters lane;
  lane.records.add(1'000);
  lane.requests.add(100);
  CHECK(first_words(of(lane)) == "records:");
  lane.skipped.add(500);
  CHECK(of(lane).empty());
}
