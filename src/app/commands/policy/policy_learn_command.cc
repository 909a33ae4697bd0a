#include "app/commands/policy/policy_learn_command.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "app/commands/policy/ordinary_requests.h"
#include "app/commands/setup_options.h"
#include "app/scan/file_feed.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"
#include "workbench/learn/policy_learner.h"

namespace weir {
namespace {

constexpr uint64_t kEvidenceDefault = 20;

struct LearnArguments {
  SetupArguments setup;
  uint64_t evidence_min = kEvidenceDefault;
  std::vector<std::string> files;  ///< "-" is standard input
};

/// Whether what was written reads back as a policy.
bool reads_back(const std::string& printed) {
  Diagnostics diagnostics;
  PolicySpec spec = read_policy_text(printed, "the learned policy", diagnostics);
  if (!has_errors(diagnostics)) (void)Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  print_findings(diagnostics);
  return !has_errors(diagnostics);
}

void print_lesson(const OrdinaryRequests& requests, const PolicyLearner& learner, const PolicySpec& spec,
                  const std::string& printed) {
  std::printf(
      "# Learned by weir policy learn from %s of %s requests. Left out: %s malicious, %s that no route answered, %s "
      "for "
      "want of room.\n"
      "# Read it before it judges: what ordinary traffic did not hold is not in it. Then name this file under "
      "policy.files.\n%s",
      with_separators(learner.taken()).c_str(), with_separators(requests.requests()).c_str(),
      with_separators(requests.malicious()).c_str(), with_separators(learner.unanswered()).c_str(),
      with_separators(learner.left_out()).c_str(), printed.c_str());
  std::fprintf(stderr, "%zu routes learned from %s requests\n", spec.routes.size(),
               with_separators(learner.taken()).c_str());
}

int run_learn(const LearnArguments& arguments) {
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  Interruption interruption;
  ProgressBar progress;
  PolicyLearner learner;
  OrdinaryRequests requests(Judgement(setup->rules),
                            [&learner](const JudgedRecord& record) { learner.add(record.event, record.decoded); });
  FileFeed feed("policy learn", setup->config, analyzer_options(setup->config), {}, Reading::kToEnd, requests,
                interruption, progress);
  feed.run(arguments.files);
  progress.finish();
  if (!feed.something_was_read(0)) return kExitFailed;
  const PolicySpec spec = learner.policy(arguments.evidence_min);
  if (spec.routes.empty()) {
    std::fprintf(stderr, "weir policy learn: no route had %s requests that were answered: there is nothing to learn\n",
                 with_separators(arguments.evidence_min).c_str());
    return kExitFailed;
  }
  const std::string printed = print_policy(spec);
  if (!reads_back(printed)) return kExitFailed;
  print_lesson(requests, learner, spec, printed);
  return std::fflush(stdout) == 0 && !feed.has_failed() ? kExitFine : kExitFailed;
}

}  // namespace

void add_policy_learn(CLI::App& policy, int& exit_code) {
  auto arguments = std::make_shared<LearnArguments>();
  auto* command =
      policy.add_subcommand("learn", "Propose a policy by what ordinary requests have in common, on standard output");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  command->add_option("--at-least", arguments->evidence_min, "Leave out routes with fewer requests (20)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->option_text("REQUESTS");
  command->add_option("FILE", arguments->files, "Files to read, also compressed (gzip, zstd); - is standard input")
      ->required();
  command->footer(
      "Malicious requests teach nothing, nor does what no route answered (404, 405, 5xx).\n"
      "Example: weir policy learn access.log access.log.1.gz > policy.d/learned.yaml");
  command->callback([arguments, &exit_code] { exit_code = run_learn(*arguments); });
}

}  // namespace weir
