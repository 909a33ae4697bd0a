#pragma once

#include "decode/decoded_record.h"
#include "detect/match/detection.h"
#include "detect/match/match_policy.h"
#include "event/event.h"

namespace weir {

/// One record to match; borrows all of it until match() returns.
struct MatchTask {
  const Event* event = nullptr;
  const DecodedRecord* record = nullptr;
  const MatchPolicy* policy = nullptr;
  Detection* out = nullptr;
};

}  // namespace weir
