#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "detect/rule_set.h"

namespace weir {

/// The rule directories to use: the given ones, or else the first that exists of: share/weir/rules beside the installed
/// program, the repository's rules/ beside its build tree, ./rules.
std::vector<std::string> resolve_rule_directories(const std::vector<std::string>& configured);

/// Loads and compiles the rules below the directories; findings about the files are added to `diagnostics`. Fails when any rule
/// has an error: a rule set never shrinks silently. May take seconds, unless the options' cache directory knows the rules.
Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options, Diagnostics& diagnostics);

/// As above, uncached, with rule files laid over those below the directories (load_rule_documents_over).
Result<std::shared_ptr<const RuleSet>> load_rule_set_over(const std::vector<std::string>& directories,
                                                          const std::vector<std::string>& over,
                                                          const RuleSetOptions& options, Diagnostics& diagnostics);

/// As above; each finding is printed to standard error as file:line: message.
Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options);

}  // namespace weir
