#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "decode/decoded_record.h"
#include "policy/policy.h"
#include "policy/request_check.h"

namespace weir {

/// An exclusion that holds for a record, or for one line of it.
struct AppliedExclusion {
  static constexpr uint32_t kWholeRecord = 0xffffffff;
  uint32_t exclusion = 0;  ///< into PolicySpec::exclusions
  uint32_t line = kWholeRecord;
};

/// Whose record it is, and when it happened.
struct RecordFacts {
  IpAddress address;
  std::string_view client_id;
  EventTime time{};
};

/// Finds the exclusions that hold: route, client, date and, when they name a parameter, its lines. Appends to `out`, at most
/// kAppliedMax; gives the number of those left out.
size_t find_exclusions(const Policy& policy, const Route& route, const DecodedRecord& record, const RecordFacts& facts,
                       std::vector<AppliedExclusion>& out);

/// Whether client and date of an exclusion fit.
bool holds(const ExclusionSpec& exclusion, const RecordFacts& facts);

/// Whether an exclusion takes a violation away (client and date hold already).
bool excludes(const ExclusionSpec& exclusion, const Violation& violation);

inline constexpr size_t kAppliedMax = 4'096;

/// One level for each line of the record, by the levels of the route's parameters. The path is one line: its level is the
/// strictest of the path parameters that have one.
void find_line_levels(const Route& route, const DecodedRecord& record, std::vector<SecurityLevel>& out);

}  // namespace weir
