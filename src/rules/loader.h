#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

/// The rule files below a directory (*.yml, *.yaml; hidden files and directories are passed over), sorted, so that the order
/// of rules does not depend on the file system; of a single file, itself.
std::vector<std::string> rule_files(const std::string& path, Diagnostics& diagnostics);

/// What rule files hold, linked: filters are applied, correlations know their rules.
struct RuleDocuments {
  std::vector<Rule> rules;
  std::vector<Correlation> correlations;
};

/// Reads every rule file below the directories (or single files), as load_rules() does.
RuleDocuments load_rule_documents(const std::vector<std::string>& paths, Diagnostics& diagnostics);

/// As load_rule_documents, with the files of `over` laid over those of `paths`: a rule or correlation of theirs stands in place of one with the
/// same id, others join.
RuleDocuments load_rule_documents_over(const std::vector<std::string>& paths, const std::vector<std::string>& over,
                                       Diagnostics& diagnostics);

/// As load_rule_documents, with the rules, correlations and filters of one YAML text besides; `file` names it in the diagnostics.
RuleDocuments load_rule_documents_with(const std::vector<std::string>& paths, const std::string& yaml,
                                       const std::string& file, Diagnostics& diagnostics);

/// As load_rule_documents, of one YAML text.
RuleDocuments parse_rule_documents(const std::string& yaml, const std::string& file, Diagnostics& diagnostics);

/// Reads every rule file below the directories (or single files), in the order of their paths. Findings of all files are
/// collected; rules with errors are left out of the result, so the caller must refuse it if has_errors().
std::vector<Rule> load_rules(const std::vector<std::string>& paths, Diagnostics& diagnostics);

/// Reads the rules of one YAML text (several documents allowed); `file` is for the diagnostics.
std::vector<Rule> parse_rules(const std::string& yaml, const std::string& file, Diagnostics& diagnostics);

}  // namespace weir
