#include "pipeline/blind_spots.h"

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

/// What it means that no request has the field; empty: nothing, unless the configuration expects it.
std::string_view consequence_of(size_t field) {
  for (const Need& need : kNeeds)
    if (need.field == field) return need.consequence;
  return {};
}

}  // namespace

SourceTotals SourceTotals::since(const SourceTotals& earlier) const {
  SourceTotals later = *this;
  later.records -= earlier.records;
  later.requests -= earlier.requests;
  later.skipped -= earlier.skipped;
  later.malicious -= earlier.malicious;
  later.rejected -= earlier.rejected;
  return later;
}

SourceTotals totals_of(std::span<const DetectCounters* const> lanes, size_t source) {
  SourceTotals totals;
  for (const DetectCounters* lane : lanes) {
    const SourceCounters& counters = lane->sources[source];
    totals.records += counters.records.value();
    totals.requests += counters.requests.value();
    totals.skipped += counters.skipped.value();
    totals.malicious += counters.malicious.value();
    totals.rejected += counters.rejected.value();
    for (size_t field = 0; field < kFieldCount; ++field) {
      totals.fields_read[field] += counters.fields_read[field].value();
      totals.fields_unread[field] += counters.fields_unread[field].value();
    }
  }
  return totals;
}

std::vector<BlindSpot> blind_spots(const SourceTotals& totals, const SourceReading& reading) {
  std::vector<BlindSpot> spots;
  const std::string& profile = reading.input.profile.name;
  if (totals.mostly_unfit()) {
    spots.push_back({"records", "most do not have the form of profile " + profile +
                                    "; `weir config check --sample FILE` says what they look like"});
  }
  if (totals.requests < kBlindSpotRecords) return spots;
  for (size_t field = 0; field < kFieldCount; ++field) {
    if (totals.fields_read[field] > 0) continue;
    const std::string name(field_name(static_cast<ProfileFieldIndex>(field)));
    const std::string_view consequence = consequence_of(field);
    if ((reading.fields_chosen >> field & 1U) != 0) {
      spots.push_back({name, "no request had it where fields." + name + " of the configuration says" +
                                 (consequence.empty() ? "" : ": " + std::string(consequence)) +
                                 "; correct the pointer"});
    } else if (!consequence.empty()) {
      spots.push_back({name, "no request had it by profile " + profile + ": " + std::string(consequence) +
                                 "; log it, or map it with fields." + name});
    }
  }
  return spots;
}

}  // namespace weir
