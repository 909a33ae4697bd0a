#include "app/commands/policy/policy_exclude_command.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>

#include "app/alerts/alert_hits.h"
#include "app/alerts/alert_selection.h"
#include "app/commands/repeatable.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/policy_additions.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_writer.h"

namespace weir {
namespace {

constexpr int kDaysMax = 3'650;

struct ExcludeArguments {
  std::string config_file;
  AlertSelection alerts;
  std::vector<std::string> rules;  ///< only hits of these; empty: of all that have a weight
  bool of_client = false;
  std::string comment;
  int days = 90;
};

EventTime end_in(int days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return EventTime(today + std::chrono::days(days + 1));
}

int run_exclude(const ExcludeArguments& arguments) {
  if (arguments.alerts.file.empty() && arguments.alerts.ids.empty()) {
    std::fputs(
        "weir policy exclude: say which alert: --alert ID for one of the topic, --from-alert FILE for those of a "
        "file\n",
        stderr);
    return kExitUsage;
  }
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  const EventTime expires = end_in(arguments.days);
  Interruption interruption;
  AlertHits alerts(arguments.rules, arguments.comment);
  const Status read = read_alerts(*config, arguments.alerts, interruption,
                                  [&alerts](const AlertView& alert) { (void)alerts.add(alert); });
  for (const auto& note : alerts.notes())
    std::fprintf(stderr, "weir policy exclude: %s\n", note.c_str());
  if (!read) return report_failure("policy exclude", read.error());
  ExclusionDraft draft(config->policy,
                       arguments.of_client ? ExclusionWidth::kClientParameter : ExclusionWidth::kParameter, expires);
  for (const FalseHit& hit : alerts.hits())
    draft.add(hit);
  const PolicySpec& spec = draft.spec();
  if (spec.exclusions.empty()) return kExitFailed;
  const std::string printed = print_policy(spec);
  if (!with_additions(config->policy.get(), printed, "the exclusions", config->rules.options.security_level))
    return kExitFailed;
  std::printf("# Made by weir policy exclude. Read it, then name this file under policy.files and reload.\n%s",
              printed.c_str());
  std::fprintf(stderr, "%zu exclusions, %zu new routes; they end after %s\n", spec.exclusions.size(),
               spec.routes.size(), last_day_before(expires).c_str());
  if (config->policy == nullptr)
    std::fputs("No policy was in force: with the first one its default limits hold, too (docs/policy.md)\n", stderr);
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

}  // namespace

void add_policy_exclude(CLI::App& policy, int& exit_code) {
  auto arguments = std::make_shared<ExcludeArguments>();
  auto* command = policy.add_subcommand(
      "exclude", "Turn false alarms into the narrowest exclusions that end them, as a policy file");
  const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* text) {
    repeatable(command->add_option(name, list, help)->option_text(text));
  };
  command
      ->add_option("--from-alert", arguments->alerts.file,
                   "Alerts, one a line; - is standard input. Without it the topic")
      ->option_text("FILE");
  add_list("--alert", arguments->alerts.ids, "Only the alert whose id (metadata.uid) begins so; may be repeated", "ID");
  command->add_option("-c,--config", arguments->config_file,
                      "Configuration: the policy whose routes are used; brokers, topic, keys");
  command->add_option("--topic", arguments->alerts.topic, "Topic, instead of kafka.topics.alerts")->option_text("NAME");
  add_list("--rule", arguments->rules, "Only hits of the rule with this id; may be repeated", "ID");
  command->add_flag("--client", arguments->of_client, "Only for the client of the alert");
  command->add_option("--days", arguments->days, "How long they hold from today on (90)")
      ->check(CLI::Range(1, kDaysMax))
      ->option_text("DAYS");
  command->add_option("--comment", arguments->comment, "Who needs it and why; without it which alert it was")
      ->option_text("TEXT");
  command->footer(
      "Examples: weir policy exclude -c /etc/weir/weir.yaml --alert 0f4f0d1c > /etc/weir/policy.d/editor.yaml\n"
      "          weir scan access.log --output alerts | weir policy exclude --from-alert - --days 30");
  command->callback([arguments, &exit_code] { exit_code = run_exclude(*arguments); });
}

}  // namespace weir
