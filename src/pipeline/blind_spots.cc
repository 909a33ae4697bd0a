#include "pipeline/blind_spots.h"

#include <array>

namespace weir {
namespace {

struct Need {
  ProfileFieldIndex field;
  std::string_view consequence;
};
constexpr std::array kNeeds{Need{kFieldQuery, "attacks in parameters are not seen"},
                            Need{kFieldUserAgent, "scanners and bots are not seen by their names"},
                            Need{kFieldClientIp, "clients cannot be told apart"},
                            Need{kFieldTime, "the broker's time stands for it"}};

template <typename Pick>
uint64_t total(std::span<const DetectCounters* const> lanes, Pick pick) {
  uint64_t sum = 0;
  for (const DetectCounters* lane : lanes)
    sum += pick(*lane).value();
  return sum;
}

}  // namespace

std::vector<std::string> blind_spots(std::span<const DetectCounters* const> lanes, const std::string& profile) {
  std::vector<std::string> spots;
  const uint64_t records = total(
      lanes, [](const DetectCounters& lane) -> auto& { return lane.records; });
  const uint64_t requests = total(
      lanes, [](const DetectCounters& lane) -> auto& { return lane.requests; });
  const uint64_t skipped = total(
      lanes, [](const DetectCounters& lane) -> auto& { return lane.skipped; });
  if (records >= kBlindSpotRecords && requests + skipped < records / 2) {
    spots.push_back("records: most do not have the form of profile " + profile +
                    "; `weir profiles detect` on a sample says what they look like");
  }
  if (requests < kBlindSpotRecords) return spots;
  for (const auto& [field, consequence] : kNeeds) {
    if (total(
            lanes, [field = field](const DetectCounters& lane) -> auto& { return lane.fields_read[field]; }) > 0)
      continue;
    spots.push_back(std::string(field_name(field)) + ": no request had it by profile " + profile + ": " +
                    std::string(consequence) + "; log it, or map it with input.fields." +
                    std::string(field_name(field)));
  }
  return spots;
}

}  // namespace weir
