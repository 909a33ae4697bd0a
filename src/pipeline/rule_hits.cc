#include "pipeline/rule_hits.h"

#include <algorithm>

namespace weir {

void RuleHits::begin(const std::shared_ptr<const RuleSet>& rules) {
  Sums before;
  const Keeper kept = add_to(before);
  const size_t count = std::min(rules->rules().size(), kRulesMax);
  auto table = std::make_shared<Table>(Table{rules, std::vector<Counter>(count)});
  for (size_t i = 0; i < count; ++i) {
    const auto known = before.find(rules->rules()[i].id);
    if (known != before.end()) table->counters[i].set(known->second.second);
  }
  hot_ = table.get();
  table_.store(std::move(table));
}

RuleHits::Keeper RuleHits::add_to(Sums& sums) const {
  auto table = table_.load();
  if (table == nullptr) return nullptr;
  for (size_t i = 0; i < table->counters.size(); ++i) {
    const RuleInfo& rule = table->rules->rules()[i];
    auto& [title, hits] = sums[rule.id];
    title = rule.title;
    hits += table->counters[i].value();
  }
  return table;
}

}  // namespace weir
