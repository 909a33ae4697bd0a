#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "detect/rule_set.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

struct RulesArguments {
  std::vector<std::string> directories;  ///< empty: the installed or the repository's rules
  std::string config_file;
  std::string junit_file;         ///< of `test`
  std::string sample_file;        ///< of `cost`: NDJSON records in the flat profile
  std::string json_file;          ///< of `cost`: the figures
  std::string layer_file;         ///< of `coverage`: a layer for the ATT&CK Navigator
  std::vector<std::string> only;  ///< of `cost`: ids of the rules to measure; empty: all
  double share_max_percent = 0;   ///< of `cost`: fail when a rule surely takes more; 0: no limit
};

/// The rules that the arguments name, all security levels, and what loading said about them.
struct LoadedRules {
  RuleSetOptions options;
  std::vector<std::string> directories;
  std::vector<Rule> rules;
  std::vector<Correlation> correlations;
  Diagnostics diagnostics;
};
Result<LoadedRules> load_named_rules(const RulesArguments& arguments);

}  // namespace weir
