#include "app/setup/rule_source.h"

#include <filesystem>

#include "app/setup/report.h"
#include "pipeline/correlation_field.h"
#include "rules/loader.h"

namespace weir {
namespace fs = std::filesystem;

std::vector<std::string> resolve_rule_directories(const std::vector<std::string>& configured) {
  if (!configured.empty()) return configured;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& candidate : {program / "../share/weir/rules", program / "../../rules", fs::path("rules")}) {
    if (fs::is_directory(candidate, error)) return {fs::weakly_canonical(candidate, error).string()};
  }
  return {};
}

Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options, Diagnostics& diagnostics) {
  if (directories.empty()) {
    return fail(ErrorCode::kNotFound, "rules",
                "no rules found: give a directory with --rules or set rules.directories in the configuration");
  }
  const auto loaded = load_rule_documents(directories, diagnostics);
  check_correlations(loaded.correlations, diagnostics);
  Result<std::shared_ptr<const RuleSet>> compiled = fail(ErrorCode::kParse, "rules", "");
  if (!has_errors(diagnostics)) compiled = RuleSet::compile(loaded.rules, loaded.correlations, options, diagnostics);
  if (has_errors(diagnostics))
    return fail(ErrorCode::kParse, "rules", "the rule set is refused: its files have errors");
  if (compiled && loaded.rules.empty()) {
    return fail(ErrorCode::kNotFound, "rules", "no rule files (*.yml) below " + directories.front());
  }
  return compiled;
}

Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options) {
  Diagnostics diagnostics;
  auto rules = load_rule_set(directories, options, diagnostics);
  print_findings(diagnostics);
  return rules;
}

}  // namespace weir
