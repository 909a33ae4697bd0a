#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

/// "T1110.003" of attack.t1110.003; empty for other tags, such as those of tactics (attack.initial-access) and groups (attack.g0016).
std::string technique_in(std::string_view tag);

/// Which techniques of MITRE ATT&CK rules look for, by their tags (`attack.t1190`).
struct RuleCoverage {
  struct Technique {
    std::vector<std::string> titles;  ///< of its rules, in the order of the files
    size_t examples = 0;              ///< requests that these rules' files name as attacks
  };
  std::map<std::string, Technique> techniques;  ///< by id: "T1110", "T1110.003"
  std::vector<std::string> untagged;            ///< titles of rules that name no technique
  size_t rules = 0;
};

RuleCoverage coverage_of(const std::vector<Rule>& rules, const std::vector<Correlation>& correlations);

/// The coverage as a layer for the ATT&CK Navigator (layer format 4.5): the score of a technique is its number of rules.
std::string to_navigator_layer(const RuleCoverage& coverage);

}  // namespace weir
