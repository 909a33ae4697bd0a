#include "app/commands/rules_command.h"

#include <cstdio>
#include <fstream>

#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/rule_source.h"
#include "pipeline/correlation_field.h"
#include "rules/loader.h"
#include "workbench/correlation_check.h"
#include "workbench/rule_check.h"

namespace weir {
namespace {

void print(const Diagnostics& diagnostics) {
  for (const auto& diagnostic : diagnostics)
    std::fprintf(stderr, "%s\n", diagnostic.to_string().c_str());
}

size_t errors_in(const Diagnostics& diagnostics) {
  size_t errors = 0;
  for (const auto& diagnostic : diagnostics)
    errors += diagnostic.severity == Diagnostic::Severity::kError;
  return errors;
}

}  // namespace

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

int run_rules_test(const RulesArguments& arguments) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  auto report = test_rules(loaded->rules, loaded->options);
  if (report)
    if (Status status = test_correlations({loaded->rules, loaded->correlations}, loaded->options, *report); !status)
      report = tl::unexpected(status.error());
  if (!report) {
    std::fprintf(stderr, "weir rules test: %s\n", report.error().to_string().c_str());
    return kExitFailed;
  }
  print(report->findings);
  if (!arguments.junit_file.empty()) {
    std::ofstream file(arguments.junit_file);
    file << to_junit_xml(*report);
    if (!file.flush()) {
      std::fprintf(stderr, "weir rules test: cannot write %s\n", arguments.junit_file.c_str());
      return kExitFailed;
    }
  }
  std::printf("%zu rules, %zu examples: %zu passed, %zu failed\n", loaded->rules.size() + loaded->correlations.size(),
              report->examples.size(), report->examples.size() - report->failed(), report->failed());
  return report->ok() ? kExitFine : kExitFailed;
}

int run_rules_lint(const RulesArguments& arguments) {
  auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  lint_rules(loaded->rules, loaded->diagnostics);
  lint_correlations(loaded->correlations, loaded->diagnostics);
  if (!has_errors(loaded->diagnostics)) {
    const auto compiled = RuleSet::compile(loaded->rules, loaded->correlations, loaded->options, loaded->diagnostics);
    if (!compiled && !has_errors(loaded->diagnostics)) return report_usage_error(compiled.error());
  }
  print(loaded->diagnostics);
  const size_t errors = errors_in(loaded->diagnostics);
  std::printf("%zu rules: %zu errors, %zu warnings\n", loaded->rules.size() + loaded->correlations.size(), errors,
              loaded->diagnostics.size() - errors);
  return errors == 0 ? kExitFine : kExitFailed;
}

int run_rules_list(const RulesArguments& arguments) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print(loaded->diagnostics);
  for (const Rule& rule : loaded->rules) {
    std::printf("%s  %-9s  %-13s  %-10s  %3d  %s\n", rule.id.c_str(), std::string(to_string(rule.category)).c_str(),
                std::string(to_string(rule.level)).c_str(), std::string(to_string(rule.security_level)).c_str(),
                rule.weight, rule.title.c_str());
  }
  for (const Correlation& one : loaded->correlations) {
    std::printf("%s  %-9s  %-13s  %-10s  %3s  %s\n", one.id.c_str(), "-", std::string(to_string(one.level)).c_str(),
                std::string(to_string(one.type)).c_str(), "-", one.title.c_str());
  }
  return has_errors(loaded->diagnostics) ? kExitFailed : kExitFine;
}

}  // namespace weir
