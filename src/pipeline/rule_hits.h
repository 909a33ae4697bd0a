#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/counter.h"
#include "detect/rule_set.h"

namespace weir {

/// How often each rule of the set in force hit, in one lane. The lane writes, any thread reads.
class RuleHits {
 public:
  /// Rules that are told apart; the hits of further ones are in no count.
  static constexpr size_t kRulesMax = 2'048;

  /// By the lane, between two batches. Counts of rules that the set before had, too, go on.
  void begin(const std::shared_ptr<const RuleSet>& rules);
  /// A hit of the rule with this number. The lane's, after begin().
  void add(uint32_t rule) {
    if (rule < hot_->counters.size()) hot_->counters[rule].add();
  }

  /// By id: title and hits, summed over several lanes.
  using Sums = std::map<std::string_view, std::pair<std::string_view, uint64_t>>;
  /// What Sums refers to, as long as it is kept.
  using Keeper = std::shared_ptr<const void>;
  Keeper add_to(Sums& sums) const;

 private:
  struct Table {
    std::shared_ptr<const RuleSet> rules;
    std::vector<Counter> counters;
  };
  Table* hot_ = nullptr;  // of table_; the lane's
  std::atomic<std::shared_ptr<Table>> table_;
};

}  // namespace weir
