#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/rule_set.h"
#include "rules/rule.h"

namespace weir {

/// One rule's share of the time that matching takes: how much less time the sample takes without it.
struct RuleCost {
  std::string rule_id;
  std::string title;
  double share = 0;      ///< 0.03: 3 % of the time of all rules; noise makes it negative at times
  double share_low = 0;  ///< the share lies between these two with a probability of some 95 %
  double share_high = 0;
  double nanoseconds_per_record = 0;
  size_t rounds = 0;  ///< measured
};

struct RuleCosts {
  std::vector<RuleCost> rules;        ///< the dearest first
  double nanoseconds_per_record = 0;  ///< of all rules together
  size_t records = 0;                 ///< of the sample that could be read
};

/// Seconds at which it is called, best of the thread's own time; a parameter so that this folder reads no clock.
using Stopwatch = std::function<double()>;

struct RuleCostOptions {
  /// Each round times the sample once with the rule and once without it, so that both meet the same machine.
  size_t rounds = 9;
  /// A share that matters (0: none): a rule that may be above it is measured up to `rounds_max` times.
  double share_max = 0;
  size_t rounds_max = 61;
  /// Called after each rule with the number of those done.
  std::function<void(size_t)> progress{};
};

/// Measures every rule's share by leaving it out, on flat-profile records, one thread: the median over the rounds, and its
/// confidence interval by order statistics, which a few disturbed rounds do not move. Only the databases that hold a pattern of
/// the rule are compiled again if `options.cache_directory` is set. An error value: no record of the sample can be read, or
/// the rules do not compile.
Result<RuleCosts> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                     const std::vector<std::string>& records, const Stopwatch& now,
                                     const RuleCostOptions& cost_options);

/// The share's median and interval out of the rounds' shares. For rule_cost_test.
RuleCost summarize_rounds(std::vector<double> shares);

}  // namespace weir
