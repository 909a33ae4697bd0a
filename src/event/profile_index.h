#pragma once

#include "base/result.h"
#include "event/input_profile.h"
#include "event/json/pointer_table.h"
#include "event/raw_record.h"

namespace weir {

/// A profile's JSON mapping made ready for the data path: one table over all its pointers, and per field the slots of its
/// candidates.
struct ProfileIndex {
  PointerTable table;
  Candidates candidates;

  static Result<ProfileIndex> compile(const InputProfile& profile);
};

}  // namespace weir
