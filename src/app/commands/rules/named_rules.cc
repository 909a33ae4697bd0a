#include "app/commands/rules/named_rules.h"

#include "app/setup/command_setup.h"
#include "app/setup/rule_source.h"
#include "pipeline/correlation_field.h"
#include "rules/loader.h"

namespace weir {

Result<LoadedRules> load_named_rules(const RulesArguments& arguments) {
  auto config = read_config(arguments.config_file);
  if (!config) return tl::unexpected(config.error());
  LoadedRules loaded;
  loaded.options = config->rules.options;
  loaded.options.security_level = SecurityLevel::kStrict;  // work on rules concerns all of them
  loaded.directories =
      resolve_rule_directories(arguments.directories.empty() ? config->rules.directories : arguments.directories);
  if (loaded.directories.empty()) return fail(ErrorCode::kNotFound, "rules", "no rules found: name a directory");
  auto documents = load_rule_documents(loaded.directories, loaded.diagnostics);
  check_correlations(documents.correlations, loaded.diagnostics);
  loaded.rules = std::move(documents.rules);
  loaded.correlations = std::move(documents.correlations);
  if (loaded.rules.empty() && !has_errors(loaded.diagnostics)) {
    return fail(ErrorCode::kNotFound, "rules", "no rule files (*.yml) below " + loaded.directories.front());
  }
  return loaded;
}

}  // namespace weir
