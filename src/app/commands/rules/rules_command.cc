#include "app/commands/rules/rules_command.h"

#include <CLI/App.hpp>

#include <cstdio>
#include <memory>

#include "app/commands/command.h"
#include "app/commands/rules/rules_new_command.h"
#include "app/commands/rules/rules_scorecard_command.h"
#include "app/commands/rules/rules_try_command.h"
#include "app/commands/rules/rules_tune_command.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "workbench/correlation_check.h"
#include "workbench/rule_check.h"

namespace weir {

namespace {

/// `weir rules test`: every example of every rule, through the real decoder and matcher.
int run_rules_test(const RulesArguments& arguments) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print_findings(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  auto report = test_rules(loaded->rules, loaded->options);
  if (report)
    if (Status status = test_correlations({loaded->rules, loaded->correlations}, loaded->options, *report); !status)
      report = tl::unexpected(status.error());
  if (!report) {
    std::fprintf(stderr, "weir rules test: %s\n", report.error().to_string().c_str());
    return kExitFailed;
  }
  print_findings(report->findings);
  if (!arguments.junit_file.empty() && !write_file("rules test", arguments.junit_file, to_junit_xml(*report)))
    return kExitFailed;
  std::printf("%zu rules, %zu examples: %zu passed, %zu failed\n", loaded->rules.size() + loaded->correlations.size(),
              report->examples.size(), report->examples.size() - report->failed(), report->failed());
  return report->ok() ? kExitFine : kExitFailed;
}

size_t errors_in(const Diagnostics& diagnostics) {
  size_t errors = 0;
  for (const auto& diagnostic : diagnostics)
    errors += diagnostic.severity == Diagnostic::Severity::kError;
  return errors;
}

/// `weir rules lint`: what the Sigma specification or our own conventions forbid, with file and line.
int run_rules_lint(const RulesArguments& arguments) {
  auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  lint_rules(loaded->rules, loaded->diagnostics);
  lint_correlations(loaded->correlations, loaded->diagnostics);
  if (!has_errors(loaded->diagnostics)) {
    const auto compiled = RuleSet::compile(loaded->rules, loaded->correlations, loaded->options, loaded->diagnostics);
    if (!compiled && !has_errors(loaded->diagnostics)) return report_usage_error(compiled.error());
  }
  print_findings(loaded->diagnostics);
  const size_t errors = errors_in(loaded->diagnostics);
  std::printf("%zu rules: %zu errors, %zu warnings\n", loaded->rules.size() + loaded->correlations.size(), errors,
              loaded->diagnostics.size() - errors);
  return errors == 0 ? kExitFine : kExitFailed;
}

/// `weir rules list`: one line per rule, its id first.
int run_rules_list(const RulesArguments& arguments) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print_findings(loaded->diagnostics);
  for (const Rule& rule : loaded->rules) {
    std::printf("%s  %-9s  %-13s  %-10s  %3d  %s\n", rule.id.c_str(), std::string(to_string(rule.category)).c_str(),
                std::string(to_string(rule.level)).c_str(), std::string(to_string(rule.security_level)).c_str(),
                rule.weight, rule.title.c_str());
  }
  for (const Correlation& correlation : loaded->correlations) {
    std::printf("%s  %-9s  %-13s  %-10s  %3s  %s\n", correlation.id.c_str(), "-",
                std::string(to_string(correlation.level)).c_str(), std::string(to_string(correlation.type)).c_str(),
                "-", correlation.title.c_str());
  }
  return has_errors(loaded->diagnostics) ? kExitFailed : kExitFine;
}

}  // namespace

void add_rules_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<RulesArguments>();
  auto* rules = program.add_subcommand("rules", "Work on detection rules (Sigma)");
  rules->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*command)(const RulesArguments&)) {
    auto* sub = rules->add_subcommand(name, help);
    sub->add_option("-c,--config", arguments->config_file, "Configuration file (YAML); defaults without one");
    sub->add_option("DIR", arguments->directories, "Rule directories or files; the installed rules without one");
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  add("test", "Run every rule's positive and negative examples", run_rules_test)
      ->add_option("--junit", arguments->junit_file, "Write the results to this file as JUnit XML");
  add("lint", "Report what the specification forbids, with file and line", run_rules_lint);
  add("list", "Print one line per rule, its id first", run_rules_list);
  add("coverage", "Say which techniques of MITRE ATT&CK the rules look for, by their tags", run_rules_coverage)
      ->add_option("--layer", arguments->layer_file,
                   "Write a layer for the ATT&CK Navigator to this file; - is standard output");
  auto* cost = add("cost", "Measure each rule's share of the scan time, leaving out one at a time", run_rules_cost);
  cost->add_option(
      "--sample", arguments->sample_file,
      "NDJSON records (flat profile) to measure on; without one, generated traffic and the rules' examples");
  cost->add_option("--rule", arguments->only, "Measure only the rule with this id; may be repeated")
      ->option_text("ID")
      ->allow_extra_args(false);
  cost->add_option("--json", arguments->json_file, "Write the figures to this file as JSON");
  cost->add_option("--fail-above,--max-percent", arguments->share_max_percent,
                   "Exit with 1 when a rule's share is above this, in every measurement")
      ->option_text("PERCENT");
  add_rules_new(*rules, exit_code);
  add_rules_try(*rules, exit_code);
  add_rules_tune(*rules, exit_code);
  add_rules_scorecard(*rules, exit_code);
}

}  // namespace weir
