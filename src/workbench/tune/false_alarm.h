#pragma once

#include <vector>

#include "pipeline/record_judge.h"
#include "workbench/tune/exclusion_draft.h"

namespace weir {

/// What makes a request malicious that should not be.
struct FalseAlarm {
  bool is_malicious = false;   ///< it was one at all
  std::vector<FalseHit> hits;  ///< the heaviest ones, as many as it takes; without comments
  bool is_ended = false;       ///< without them it is malicious no more; else the policy's violations make it so
};

/// Takes the heaviest hit away, and what the rule finds then, until the request is malicious no more. `record` comes from
/// RecordJudge::match() and is judged and changed.
FalseAlarm find_false_hits(RecordJudge& judge, JudgedRecord& record);

}  // namespace weir
