#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pipeline/counters.h"

namespace weir {

/// So many records are waited for before anything is said about what they lack.
inline constexpr uint64_t kBlindSpotRecords = 1'000;

/// What the records so far lack although detection needs it, one sentence each, with what to do: a field that no request had
/// (query, user agent, client address, time), or most records being refused. Empty when nothing is amiss, or too little is
/// known yet. Each sentence begins with a name that does not change from call to call.
std::vector<std::string> blind_spots(std::span<const DetectCounters* const> lanes, const std::string& profile);

}  // namespace weir
