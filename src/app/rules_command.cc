#include "app/rules_command.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>

#include "app/command_setup.h"
#include "app/exit_code.h"
#include "app/line_reader.h"
#include "app/rule_source.h"
#include "app/terminal.h"
#include "detect/rule_check.h"
#include "rules/loader.h"

namespace weir {
namespace {

constexpr size_t kSampleRecordsMax = 5'000;

/// The rules named by the arguments, and what loading said about them.
struct LoadedRules {
  RuleSetOptions options;
  std::vector<std::string> directories;
  std::vector<Rule> rules;
  Diagnostics diagnostics;
};

Result<LoadedRules> load(const RulesArguments& arguments) {
  auto config = read_config(arguments.config_file);
  if (!config) return tl::unexpected(config.error());
  LoadedRules loaded;
  loaded.options = config->rules.options;
  loaded.options.security_level = SecurityLevel::kStrict;  // work on rules concerns all of them
  loaded.directories =
      resolve_rule_directories(arguments.directories.empty() ? config->rules.directories : arguments.directories);
  if (loaded.directories.empty()) return fail(ErrorCode::kNotFound, "rules", "no rules found: name a directory");
  loaded.rules = load_rules(loaded.directories, loaded.diagnostics);
  if (loaded.rules.empty() && !has_errors(loaded.diagnostics)) {
    return fail(ErrorCode::kNotFound, "rules", "no rule files (*.yml) below " + loaded.directories.front());
  }
  return loaded;
}

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

/// The first records of an NDJSON file.
Result<std::vector<std::string>> read_sample(const std::string& file) {
  LineReader reader(file, 1 << 20);
  if (auto opened = reader.open(); !opened) return tl::unexpected(opened.error());
  std::vector<std::string_view> lines;
  if (auto read = reader.read(kSampleRecordsMax, lines); !read) return tl::unexpected(read.error());
  return std::vector<std::string>(lines.begin(), lines.end());
}

std::vector<std::string> examples_of(const std::vector<Rule>& rules) {
  std::vector<std::string> records;
  for (const Rule& rule : rules) {
    for (const auto& example : rule.positive_examples)
      records.push_back(example.record_json);
    for (const auto& example : rule.negative_examples)
      records.push_back(example.record_json);
  }
  return records;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int run_rules_test(const RulesArguments& arguments) {
  const auto loaded = load(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  const auto report = test_rules(loaded->rules, loaded->options);
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
  std::printf("%zu rules, %zu examples: %zu passed, %zu failed\n", loaded->rules.size(), report->examples.size(),
              report->examples.size() - report->failed(), report->failed());
  return report->ok() ? kExitFine : kExitFailed;
}

int run_rules_lint(const RulesArguments& arguments) {
  auto loaded = load(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  lint_rules(loaded->rules, loaded->diagnostics);
  if (!has_errors(loaded->diagnostics)) {
    const auto compiled = RuleSet::compile(loaded->rules, loaded->options, loaded->diagnostics);
    if (!compiled && !has_errors(loaded->diagnostics)) return report_usage_error(compiled.error());
  }
  print(loaded->diagnostics);
  const size_t errors = errors_in(loaded->diagnostics);
  std::printf("%zu rules: %zu errors, %zu warnings\n", loaded->rules.size(), errors,
              loaded->diagnostics.size() - errors);
  return errors == 0 ? kExitFine : kExitFailed;
}

int run_rules_list(const RulesArguments& arguments) {
  const auto loaded = load(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print(loaded->diagnostics);
  for (const Rule& rule : loaded->rules) {
    std::printf("%s  %-9s  %-13s  %-10s  %3d  %s\n", rule.id.c_str(), std::string(to_string(rule.category)).c_str(),
                std::string(to_string(rule.level)).c_str(), std::string(to_string(rule.security_level)).c_str(),
                rule.weight, rule.title.c_str());
  }
  return has_errors(loaded->diagnostics) ? kExitFailed : kExitFine;
}

int run_rules_cost(const RulesArguments& arguments) {
  const auto loaded = load(arguments);
  if (!loaded) return report_usage_error(loaded.error());
  print(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  auto sample = arguments.sample_file.empty() ? Result<std::vector<std::string>>(examples_of(loaded->rules))
                                              : read_sample(arguments.sample_file);
  if (!sample) {
    std::fprintf(stderr, "weir rules cost: %s\n", sample.error().to_string().c_str());
    return kExitFailed;
  }
  std::fprintf(stderr, "measuring %zu rules on %zu records; this takes a while\n", loaded->rules.size(),
               sample->size());
  const auto costs = measure_rule_costs(loaded->rules, loaded->options, *sample, &seconds_now);
  if (!costs) {
    std::fprintf(stderr, "weir rules cost: %s\n", costs.error().to_string().c_str());
    return kExitFailed;
  }
  size_t over = 0;
  for (const RuleCost& cost : *costs) {
    const bool too_dear = arguments.share_max_percent > 0 && cost.share * 100 > arguments.share_max_percent;
    over += too_dear;
    std::printf("%6.2f %%  %7.1f ns/record  %s  %s%s\n", cost.share * 100, cost.nanoseconds_per_record,
                cost.rule_id.c_str(), cost.title.c_str(), too_dear ? "  <- too dear" : "");
  }
  if (over > 0)
    std::fprintf(stderr, "%zu rules take more than %.1f %% of the matching time\n", over, arguments.share_max_percent);
  return over == 0 ? kExitFine : kExitFailed;
}

}  // namespace weir
