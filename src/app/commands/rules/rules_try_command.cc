#include "app/commands/rules/rules_try_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "app/commands/range_options.h"
#include "app/commands/setup_options.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/rule_source.h"
#include "app/setup/source_readings.h"
#include "app/terminal/interruption.h"
#include "app/trial/trial_report.h"
#include "app/trial/trial_sinks.h"

namespace weir {
namespace {

enum class TrialOutput : uint8_t { kTable, kJson };

struct TryArguments {
  SetupArguments setup;
  RangeArguments range;
  TrialLimits limits;
  TrialOutput output = TrialOutput::kTable;
  std::string candidate;
  std::vector<std::string> files;
};

/// A directory stands for the whole rule set, a file is laid over the current one.
Result<std::shared_ptr<const RuleSet>> load_candidate(const CommandSetup& setup, const std::string& candidate) {
  std::error_code error;
  if (!std::filesystem::exists(candidate, error))
    return fail(ErrorCode::kInvalidArgument, "CANDIDATE", "there is no file or directory " + printable(candidate));
  const bool is_directory = std::filesystem::is_directory(candidate, error);
  Diagnostics findings;
  auto rules = is_directory
                   ? load_rule_set({candidate}, setup.config.rules.options, findings)
                   : load_rule_set_over(setup.rule_directories, {candidate}, setup.config.rules.options, findings);
  print_findings(findings);
  return rules;
}

/// What the detect stage spent a record.
TrialFigures::Cost cost_of(const DetectCounters& counters) {
  const auto records = static_cast<double>(std::max<uint64_t>(1, counters.records.value()));
  const uint64_t all =
      counters.parse_ns.value() + counters.decode_ns.value() + counters.match_ns.value() + counters.observe_ns.value();
  return {static_cast<double>(counters.match_ns.value()) / records, static_cast<double>(all) / records};
}

uint64_t rejected_in(const DetectCounters& counters) {
  uint64_t sum = 0;
  for (const Counter& counter : counters.rejected)
    sum += counter.value();
  return sum;
}

void take_counters(TrialFigures& figures, TrialSide side, const DetectCounters& counters) {
  figures.cost[static_cast<size_t>(side)] = cost_of(counters);
  figures.records = counters.records.value();
  figures.rejected = rejected_in(counters);
}

/// The rule set in force and the candidate, each with the policy.
struct Candidates {
  Candidates(const CommandSetup& setup, std::shared_ptr<const RuleSet> rules)
      : current(setup.rules, setup.config.policy, source_readings_of(setup)),
        candidate(std::move(rules), setup.config.policy, source_readings_of(setup)) {}
  RuleSlot current, candidate;

 private:
  static std::shared_ptr<const SourceReadings> source_readings_of(const CommandSetup& setup) {
    return setup.config.sources.empty() ? nullptr : source_readings(setup.config);
  }
};

/// Whether all was read.
Result<bool> try_on_files(const TryArguments& arguments, const CommandSetup& setup, Candidates& rules, Trial& trial,
                          TrialFigures& figures, Interruption& interruption) {
  AnalyzerOptions options = analyzer_options(setup.config);
  options.keep_verdicts = true;
  FileTrial sink(trial, setup.config, rules.current, rules.candidate);
  ProgressBar progress;
  FileFeed feed("rules try", setup.config, options, {}, Reading::kAsItComes, sink, interruption, progress);
  feed.run(arguments.files);
  progress.finish();
  for (const TrialSide side : {TrialSide::kCandidate, TrialSide::kCurrent})
    take_counters(figures, side, sink.counters(side));
  const DetectCounters& counters = sink.counters(TrialSide::kCurrent);
  const uint64_t blank = counters.rejected[static_cast<size_t>(RejectReason::kEmpty)].value();
  return feed.something_was_read(blank + counters.skipped.value()) && !feed.has_failed();
}

Result<bool> try_on_range(const TryArguments& arguments, const CommandSetup& setup, Candidates& rules, Trial& trial,
                          TrialFigures& figures, Interruption& interruption) {
  auto options = prepare_replay(setup.config, arguments.range);
  if (!options) return tl::unexpected(options.error());
  std::fprintf(stderr, "%s\n", describe_ranges(*options).c_str());
  options->analyzer.keep_verdicts = true;
  const std::vector<PartitionRange> ranges = options->ranges;
  ReplayTrial sink(trial, options->topics, ranges);
  Replay replay(std::move(*options), {&rules.current, &rules.candidate});
  ProgressBar progress;
  const uint64_t offsets = replay.offsets();
  const Status status = replay.run(sink, [&](uint64_t done, uint64_t records) {
    progress.update(done, offsets, records);
    return !interruption.requested();
  });
  progress.finish();
  for (const TrialSide side : {TrialSide::kCandidate, TrialSide::kCurrent}) {
    DetectCounters counters;
    replay.add_counters(static_cast<size_t>(side), counters);
    take_counters(figures, side, counters);
  }
  if (!status) return tl::unexpected(status.error());
  return true;
}

Status check_input(const TryArguments& arguments) {
  const bool has_range = !arguments.range.from.empty();
  if (has_range == !arguments.files.empty()) {
    return fail(ErrorCode::kInvalidArgument, "rules try",
                has_range ? "give either files or a range of the topics (--from), not both"
                          : "what is it to be tried on? Give files, or a range of the requests topics: --from -24h");
  }
  return {};
}

int print(const Trial& trial, const TrialFigures& figures, TrialOutput output) {
  const std::string text =
      output == TrialOutput::kJson
          ? trial_json(trial, figures)
          : trial_table(trial, figures, Palette::for_stream(STDOUT_FILENO), terminal_width(STDOUT_FILENO));
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return kExitFine;
  std::fprintf(stderr, "weir rules try: cannot write the results to standard output\n");
  return kExitFailed;
}

/// `weir rules try`: two rule sets over the same requests in one pass. Returns the exit code.
int run_rules_try(TryArguments arguments) {
  if (Status input = check_input(arguments); !input) return report_usage_error(input.error());
  if (!arguments.range.from.empty()) arguments.setup.sources = SetupArguments::Sources::kAll;
  Interruption interruption;  // before any other thread
  if (!arguments.range.from.empty()) give_way_to_daemons();
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  auto candidate = load_candidate(*setup, arguments.candidate);
  if (!candidate) return report_usage_error(candidate.error());
  Trial trial(*setup->rules, **candidate);
  Candidates rules(*setup, *candidate);
  TrialFigures figures;
  figures.limits = arguments.limits;
  const auto started = std::chrono::steady_clock::now();
  const auto run = arguments.files.empty() ? try_on_range : try_on_files;
  const auto done = run(arguments, *setup, rules, trial, figures, interruption);
  if (!done) return report_error("rules try", done.error());
  figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  trial.finish();
  if (const int exit_code = print(trial, figures, arguments.output); exit_code != kExitFine) return exit_code;
  if (interruption.requested()) {
    // A part of the requests may be within limits that the whole is not.
    std::fprintf(stderr, "weir rules try: interrupted: this is of a part of the requests\n");
    return kExitFailed;
  }
  const auto passed = passed_limits(trial, figures.limits);
  for (const std::string& text : passed)
    std::fprintf(stderr, "weir rules try: %s\n", text.c_str());
  return *done && passed.empty() ? kExitFine : kExitFailed;
}

void add_limits(CLI::App& command, TrialLimits& limits) {
  command
      .add_option(
          "--max-new-alerts-per-day", limits.new_alerts_per_day_max,
          "Exit with 1 when the candidate opens more alerts a day than this that the current rules do not; what "
          "is shorter than a day counts as one")
      ->option_text("NUMBER");
  command
      .add_option("--max-lost-alerts", limits.lost_alerts_max,
                  "Exit with 1 when more alerts of the current rules than this go away")
      ->option_text("NUMBER");
  command
      .add_option("--max-false-alarms", limits.false_alarms_max,
                  "Exit with 1 when there are more candidates for false alarms than this: requests that only the "
                  "candidate calls malicious, on routes and of clients that are quiet by the current rules")
      ->option_text("NUMBER");
}

}  // namespace

void add_rules_try(CLI::App& rules, int& exit_code) {
  static const std::map<std::string, TrialOutput> kOutputs{{"table", TrialOutput::kTable},
                                                           {"json", TrialOutput::kJson}};
  auto arguments = std::make_shared<TryArguments>();
  auto* command = rules.add_subcommand(
      "try", "Judge traffic by a candidate rule set and by the current one in the same pass, and tell the difference");
  add_setup_options(*command, arguments->setup,
                    "Form of the files' records (weir profiles list), or the path of a profile of your own; else it is "
                    "recognised");
  command
      ->add_option("CANDIDATE", arguments->candidate,
                   "A directory: the whole rule set instead of the current one. A file: new or changed rules over it")
      ->required();
  command->add_option("FILE", arguments->files,
                      "Files to try it on, also compressed (gzip, zstd); - is standard input. Or a range of the "
                      "requests topics:");
  add_range_options(*command, arguments->range);
  command->add_option("-o,--output", arguments->output, "table: for people; json: one object, for programs")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->option_text("table|json [table]");
  add_limits(*command, arguments->limits);
  command->footer(
      "Alerts are compared by what somebody hears of: an alert that opens is new when the current rules open none of "
      "its "
      "kind for the same client at about the same time.\n"
      "Examples: weir rules try my-rule.yml access.log\n"
      "          weir rules try candidate/ -c weir.yaml --from -24h --warm-up 1h --max-new-alerts-per-day 20\n"
      "          weir rules try candidate/ -c weir.yaml --from -7d -o json | jq '.rules[] | select(.state != "
      "\"same\")'\n"
      "Exit codes: 0 fine, 1 a limit was passed or something could not be read, 2 wrong usage, configuration or "
      "rules.");
  command->callback([arguments, &exit_code] { exit_code = run_rules_try(*arguments); });
}

}  // namespace weir
