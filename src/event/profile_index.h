#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "event/input_profile.h"
#include "event/pointer_table.h"

namespace weir {

/// The event fields a profile maps, in the order of profile_fields().
enum ProfileFieldIndex : uint8_t {
  kFieldTime,
  kFieldRequestId,
  kFieldClientId,
  kFieldApiKey,
  kFieldClientIp,
  kFieldForwardedFor,
  kFieldMethod,
  kFieldScheme,
  kFieldHost,
  kFieldTarget,
  kFieldPath,
  kFieldQuery,
  kFieldStatus,
  kFieldDuration,
  kFieldRequestBytes,
  kFieldResponseBytes,
  kFieldUserAgent,
  kFieldReferer,
  kFieldContentType,
  kFieldCookie,
  kFieldBody,
  kFieldHeaders,
  kFieldResponseHeaders,
  kFieldCount,
};

/// A profile made ready for the data path: one table over all its pointers, and per field the slots of its candidates.
struct ProfileIndex {
  PointerTable table;
  std::array<std::vector<uint16_t>, kFieldCount> candidates;

  static Result<ProfileIndex> compile(const InputProfile& profile);
};

}  // namespace weir
