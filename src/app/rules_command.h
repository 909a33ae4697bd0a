#pragma once

#include <string>
#include <vector>

namespace weir {

struct RulesArguments {
  std::vector<std::string> directories;  ///< empty: the installed or the repository's rules
  std::string config_file;
  std::string junit_file;        ///< of `test`
  std::string sample_file;       ///< of `cost`: NDJSON records in the flat profile
  double share_max_percent = 0;  ///< of `cost`: fail when a rule takes more; 0: no limit
};

/// `weir rules test`: every example of every rule, through the real decoder and matcher.
int run_rules_test(const RulesArguments& arguments);
/// `weir rules lint`: what the Sigma specification or our own conventions forbid, with file and line.
int run_rules_lint(const RulesArguments& arguments);
/// `weir rules list`: one line per rule, its id first.
int run_rules_list(const RulesArguments& arguments);
/// `weir rules cost`: each rule's share of the matching time on a sample, by leaving it out.
int run_rules_cost(const RulesArguments& arguments);

}  // namespace weir
