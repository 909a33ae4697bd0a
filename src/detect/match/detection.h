#pragma once

#include <cstdint>
#include <vector>

#include "rules/category.h"

namespace weir {

/// One rule that matched the record.
struct Hit {
  static constexpr uint32_t kNoLine = 0xffffffff;
  uint32_t rule = 0;  ///< index into RuleSet::rules()
  uint32_t line =
      kNoLine;  ///< the line with the (first) match; kNoLine when only record facts matched (status, method …)
  uint32_t match_begin = 0;  ///< offsets into DecodedRecord::text; begin == end: only the end is known
  uint32_t match_end = 0;
};

/// A hit that an exclusion took away.
struct ExcludedHit {
  Hit hit;
  uint32_t exclusion = 0;  ///< index into MatchPolicy::exclusions
};

/// The verdict on one record. Reused from record to record.
struct Detection {
  /// What one category can add to the request score at most.
  static constexpr int kCategoryScoreMax = 30;

  std::vector<Hit> hits;              ///< at most one per rule, in the order of rules()
  std::vector<ExcludedHit> excluded;  ///< at most one per rule; they count for nothing below
  int score = 0;                ///< sum of weights, capped per category so that many hits of one kind do not run away
  CategoryMask categories = 0;  ///< of the rules that hit
  bool malicious = false;       ///< the score reached the threshold
  bool capped = false;          ///< the record matched so often that its scan was ended early; hits so far count
  bool gave_up = false;         ///< a regular expression reached its limit in a line, which counts as a match
  bool scan_failed = false;     ///< the matcher reported an error: the verdict is unknown, never "clean"

  void clear() {
    hits.clear();
    excluded.clear();
    score = 0;
    categories = 0;
    malicious = false;
    capped = false;
    gave_up = false;
    scan_failed = false;
  }
};

}  // namespace weir
