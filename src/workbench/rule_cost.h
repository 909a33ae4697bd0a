#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/rule_set.h"
#include "rules/rule.h"

namespace weir {

/// One rule's share of the time that scanning a record takes (parsing, decoding and matching it, with all rules that run at the
/// level): how much less time the sample takes without the rule.
struct RuleCost {
  std::string rule_id;
  std::string title;
  SecurityLevel level = SecurityLevel::kStandard;  ///< at which it was measured
  double share = 0;                                ///< 0.03: 3 %; noise makes it negative at times
  double share_low = 0;                            ///< the smallest and the largest of the measurements
  double share_high = 0;
  double nanoseconds_per_record = 0;
  size_t measurements = 0;
};

/// What a record takes at a security level.
struct LevelCost {
  SecurityLevel level = SecurityLevel::kStandard;
  size_t rules = 0;                           ///< that run at it
  double prepare_nanoseconds_per_record = 0;  ///< parsing and decoding
  double match_nanoseconds_per_record = 0;    ///< of all rules together
};

struct RuleCosts {
  std::vector<RuleCost> rules;    ///< the dearest first
  std::vector<LevelCost> levels;  ///< of the rules that were measured
  size_t records = 0;             ///< of the sample that could be read
};

/// Seconds at which it is called, best of the thread's own time; a parameter so that this folder reads no clock.
using Stopwatch = std::function<double()>;

/// Starts work, perhaps in another thread, and gives what waits for its end; a parameter so that this folder starts no thread.
using Background = std::function<std::function<void()>(std::function<void()>)>;

struct RuleCostOptions {
  /// Passes over the sample in one measurement. In each pass every few records are timed with the rule and without it, one
  /// directly after the other, and of the passes the fastest counts: other programs only make things slower.
  size_t passes = 6;
  /// Measurements of each rule; the share is their median.
  size_t measurements = 3;
  /// A share that matters (0: none): a rule that may be above it is measured up to `measurements_max` times.
  double share_max = 0;
  size_t measurements_max = 9;
  /// Ids of the rules to measure; empty: all. Left out one at a time from all of them in either case.
  std::vector<std::string> only{};
  /// Compiles the next rule set while one is measured; none: one after the other.
  Background background{};
  /// Called after each rule with the number of those done.
  std::function<void(size_t)> progress{};
};

/// Measures every rule's share by leaving it out, on flat-profile records, at the lowest level at which it runs but at least the
/// default one (`options.security_level` does not matter). Only the databases that hold a pattern of the rule are compiled again if `options.cache_directory` is set. An error value: no record
/// of the sample can be read, the rules do not compile, or one of `only` is not among them.
Result<RuleCosts> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                     const std::vector<std::string>& records, const Stopwatch& now,
                                     const RuleCostOptions& cost_options);

}  // namespace weir
