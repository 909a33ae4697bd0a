#pragma once

#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "pipeline/record_judge.h"

namespace weir {

/// One record and how it was judged, for people to read. Not to be copied: the record borrows from the arena.
struct Explanation {
  /// What the hits of a category come to.
  struct CategoryPoints {
    Category category = Category::kOther;
    int points = 0;   ///< the sum of their weights
    int counted = 0;  ///< of it, in the request score
  };

  RecordJudge judge;  ///< holds the rules and the policy
  Arena arena;
  JudgedRecord record;
  std::vector<CategoryPoints> categories;  ///< those with points, in the order of Category
  int policy_points = 0;                   ///< of the violations, in the request score
};

/// Judges a record the way the detect stage does. kParse when the record cannot be read: the daemon would have sent it to the
/// dead-letter topic. kInternal when no rule could be matched. Any thread; allocates.
Result<Explanation> explain_record(const JudgeOptions& options, Judgement in_force, std::string_view record);

}  // namespace weir
