#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "event/input_profile.h"
#include "event/pointer_table.h"

namespace weir {

/// A profile made ready for the data path: one table over all its pointers, and per field the slots of its candidates.
struct ProfileIndex {
  PointerTable table;
  std::array<std::vector<uint16_t>, kFieldCount> candidates;

  static Result<ProfileIndex> compile(const InputProfile& profile);
};

}  // namespace weir
