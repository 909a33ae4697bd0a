#pragma once

#include <string>
#include <vector>

#include "rules/category.h"

namespace weir {

/// What a loaded rule is called and worth; borrowed from the rule set, which outlives every detection made with it.
struct RuleInfo {
  std::string id;
  std::string title;
  Level level = Level::kMedium;
  Category category = Category::kOther;
  int weight = 0;
  int specificity = 50;  ///< 0 to 100
  SecurityLevel security_level = SecurityLevel::kStandard;
  std::vector<std::string> tags;
  std::string remediation{};  ///< empty: what its category says
};

}  // namespace weir
