#include <cstdio>

#include "app/commands/rules/rules_command.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "workbench/rule_coverage.h"

namespace weir {
namespace {

constexpr size_t kTitlesShown = 2;

void print_table(const RuleCoverage& coverage) {
  std::printf("%-10s  %5s  %8s  %s\n", "technique", "rules", "examples", "such as");
  for (const auto& [id, technique] : coverage.techniques) {
    std::string titles;
    for (size_t i = 0; i < technique.titles.size() && i < kTitlesShown; ++i)
      titles += (i == 0 ? "" : "; ") + technique.titles[i];
    std::printf("%-10s  %5zu  %8zu  %s%s\n", id.c_str(), technique.titles.size(), technique.examples, titles.c_str(),
                technique.titles.size() > kTitlesShown ? "; …" : "");
  }
  for (const std::string& title : coverage.untagged)
    std::printf("%-10s  %5s  %8s  %s\n", "-", "", "", title.c_str());
  std::printf("%zu rules, %zu techniques; %zu rules name none\n", coverage.rules, coverage.techniques.size(),
              coverage.untagged.size());
}

}  // namespace

int run_rules_coverage(const RulesArguments& arguments) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print_findings(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  const RuleCoverage coverage = coverage_of(loaded->rules, loaded->correlations);
  if (arguments.layer_file == "-") {
    std::fputs(to_navigator_layer(coverage).c_str(), stdout);
    return kExitFine;
  }
  print_table(coverage);
  if (!arguments.layer_file.empty() &&
      !write_file("rules coverage", arguments.layer_file, to_navigator_layer(coverage)))
    return kExitFailed;
  return kExitFine;
}

}  // namespace weir
