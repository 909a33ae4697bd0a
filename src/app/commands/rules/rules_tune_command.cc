#include "app/commands/rules/rules_tune_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "app/commands/repeatable.h"
#include "app/commands/rules/tuning.h"
#include "app/commands/setup_options.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"

namespace weir {
namespace {

constexpr int kDaysMax = 3'650;

int print(const TuneFindings& findings, bool as_json) {
  if (as_json) {
    std::fputs(tune_json(findings).c_str(), stdout);
  } else {
    print_tune_report(findings);
    if (findings.chosen) {
      const TuneProposal& proposal = findings.proposals[*findings.chosen];
      std::printf(
          "# Made by weir rules tune. Read it, then %s.\n%s",
          proposal.is_filter ? "put this file into a rule directory" : "name this file under policy.files and reload",
          proposal.text.c_str());
    }
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return kExitFailed;
  return findings.chosen ? kExitFine : kExitFailed;
}

Status check(const TuneArguments& arguments) {
  if (!arguments.has_alerts() && arguments.record_files.empty())
    return fail(
        ErrorCode::kInvalidArgument, "rules tune",
        "say what was a false alarm: --from-alert FILE or --alert ID, or the requests themselves: --from-record FILE");
  const auto is_input = [](const std::string& file) { return file == "-"; };
  // Records are read a second time to see what the exclusions do to them.
  if (std::any_of(arguments.record_files.begin(), arguments.record_files.end(), is_input))
    return fail(ErrorCode::kInvalidArgument, "rules tune",
                "--from-record is read twice: give a file, not standard input");
  const auto inputs = std::count_if(arguments.range_files.begin(), arguments.range_files.end(), is_input);
  if (inputs + (is_input(arguments.alerts.file) ? 1 : 0) > 1)
    return fail(ErrorCode::kInvalidArgument, "rules tune", "standard input (-) can be read once only");
  return {};
}

int run_rules_tune(const TuneArguments& arguments) {
  if (Status checked = check(arguments); !checked) return report_usage_error(checked.error());
  const auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  Tuning tuning(arguments, *setup);
  if (Status gathered = tuning.gather(); !gathered) {
    print_tune_report(tuning.findings());
    return report_failure("rules tune", gathered.error());
  }
  if (tuning.propose())
    if (Status tried = tuning.try_all(); !tried) return report_failure("rules tune", tried.error());
  if (tuning.has_unproven_alerts())
    tuning.findings().notes.push_back(
        "an alert shows each rule once, where it hit first, so whether these are ended is not sure: the requests "
        "themselves can be judged again (--from-record, or in --against)");
  if (setup->config.policy == nullptr)
    tuning.findings().notes.push_back(
        "no policy was in force: with the first one its default limits hold, too (docs/policy.md)");
  return print(tuning.findings(), arguments.as_json);
}

}  // namespace

void add_rules_tune(CLI::App& rules, int& exit_code) {
  auto arguments = std::make_shared<TuneArguments>();
  auto* command = rules.add_subcommand(
      "tune", "Propose the narrowest exclusions, or a filter, that end false alarms and lose no attack");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* text) {
    return repeatable(command->add_option(name, list, help)->option_text(text));
  };
  command
      ->add_option("--from-alert", arguments->alerts.file,
                   "False alarms as they were published, one a line (weir alerts list --json); - is standard input")
      ->option_text("FILE");
  add_list("--alert", arguments->alerts.ids, "A false alarm by its id, or the beginning of it; may be repeated", "ID");
  command->add_option("--topic", arguments->alerts.topic, "Where it stands, instead of kafka.topics.alerts")
      ->option_text("NAME");
  add_list("--from-record", arguments->record_files,
           "Requests that were false alarms, a line each; may be repeated. They are judged again with the exclusions",
           "FILE");
  add_list("--against", arguments->range_files,
           "Requests with attacks, all of which must still be found; may be repeated. False alarms among them are "
           "known again",
           "FILE");
  command->add_option("--at-most", arguments->exclusions_max, "Rather a wider exclusion than more than so many (8)")
      ->check(CLI::Range(size_t{1}, size_t{1000}))
      ->option_text("NUMBER");
  command->add_option("--days", arguments->days, "How long they hold from today on (90)")
      ->check(CLI::Range(1, kDaysMax))
      ->option_text("DAYS");
  command->add_option("--comment", arguments->comment, "Who needs it and why; without it which false alarm it was")
      ->option_text("TEXT");
  command->add_flag("--json", arguments->as_json, "All proposals and what they would do as JSON");
  command->footer(
      "Tried in this order: the rule on the route, in the parameter and place of the hit; the rule on the route; the\n"
      "rule on the host; the first for the alarm's client only; a filter by what the false alarms say. The first that\n"
      "ends every false alarm and loses no attack is taken.\n"
      "Examples: weir rules tune -c weir.yaml --alert 0f4f0d1c --against yesterday.log > policy.d/editor.yaml\n"
      "          weir rules tune --from-record false.ndjson --against attacks.ndjson --json | jq .proposals\n"
      "Exit codes: 0 fine, 1 no exclusion does it or something could not be read, 2 wrong usage or configuration.");
  command->callback([arguments, &exit_code] { exit_code = run_rules_tune(*arguments); });
}

}  // namespace weir
