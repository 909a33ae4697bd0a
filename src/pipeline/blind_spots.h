#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/counters.h"
#include "pipeline/reading.h"

namespace weir {

/// So many records are waited for before anything is said about what they lack.
inline constexpr uint64_t kBlindSpotRecords = 1'000;

/// What all lanes have counted of one source.
struct SourceTotals {
  uint64_t records = 0, requests = 0, skipped = 0, malicious = 0, rejected = 0;
  std::array<uint64_t, kFieldCount> fields_read{}, fields_unread{};

  /// Enough records were read, and most of them hold no request in the form that is expected.
  [[nodiscard]] bool mostly_unfit() const { return records >= kBlindSpotRecords && requests + skipped < records / 2; }
  /// What came after `earlier`, of the counts above the fields.
  [[nodiscard]] SourceTotals since(const SourceTotals& earlier) const;
};

SourceTotals totals_of(std::span<const DetectCounters* const> lanes, size_t source);

/// Something that the records of a source lack although detection needs it, or the configuration says where it stands.
struct BlindSpot {
  std::string what;      ///< a name that does not change from call to call: a field's, or "records"
  std::string sentence;  ///< why it matters and what to do
};

/// What the records of a source so far lack: a field that detection needs (query, user agent, client address, time) or that the
/// configuration maps, and no request had; or most records being refused. Empty when nothing is amiss, or too little is known yet.
std::vector<BlindSpot> blind_spots(const SourceTotals& totals, const SourceReading& reading);

}  // namespace weir
