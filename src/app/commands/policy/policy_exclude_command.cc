#include "app/commands/policy/policy_exclude_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include "alert/encrypting_encoder.h"
#include "app/alerts/alert_exclusions.h"
#include "app/alerts/alert_lines.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"

namespace weir {
namespace {

constexpr int kDaysMax = 3'650;

struct ExcludeArguments {
  std::string config_file, file, topic;
  std::vector<std::string> ids;
  AlertExclusions::Scope scope;
  int days = 90;
};

int report_failure(const Error& error) {
  std::fprintf(stderr, "weir policy exclude: %s\n", error.to_string().c_str());
  return kExitFailed;
}

EventTime end_in(int days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return EventTime(today + std::chrono::days(days + 1));
}

/// Takes up those alerts that are asked for: their ids, or every one of a file.
class Selection {
 public:
  Selection(const ExcludeArguments& arguments, const Config& config) : ids_(arguments.ids) {
    if (config.alerts.encryption_keys.empty()) return;
    if (auto keys = FernetKeys::parse(config.alerts.encryption_keys)) keys_ = std::move(*keys);
  }

  /// True once all that was asked for is there.
  bool take(const std::string& line, AlertExclusions& exclusions) {
    std::string json = line;
    if (keys_)
      if (auto plain = decrypt_alert(line, *keys_, {})) json = std::move(*plain);
    const auto alert = AlertView::parse(json);
    if (!alert) {
      ++strangers_;
      return false;
    }
    const auto wanted =
        std::find_if(ids_.begin(), ids_.end(), [&](const auto& id) { return alert->id().starts_with(id); });
    if (!ids_.empty() && wanted == ids_.end()) return false;
    if (wanted != ids_.end()) found_.insert(*wanted);
    ++taken_;
    (void)exclusions.add(*alert);
    return !ids_.empty() && found_.size() == ids_.size();
  }

  /// What is wrong with what was read; empty: nothing.
  [[nodiscard]] std::string complaint() const {
    for (const auto& id : ids_)
      if (!found_.contains(id)) return "there is no alert whose id begins with " + printable(id);
    if (taken_ > 0) return {};
    return strangers_ > 0 ? "these are no alerts of weir: give it what weir alerts list --json or "
                            "weir scan --output alerts prints, one alert a line"
                          : "there are no alerts";
  }

 private:
  const std::vector<std::string>& ids_;
  std::optional<FernetKeys> keys_;
  std::set<std::string> found_;
  uint64_t taken_ = 0, strangers_ = 0;
};

/// Whether the additions, read back from their text, make a policy together with the one in force.
bool compiles(const std::string& printed, const Policy* policy) {
  Diagnostics diagnostics;
  PolicySpec additions = read_policy_text(printed, "the exclusions", diagnostics);
  PolicySpec whole = policy == nullptr ? PolicySpec{} : policy->spec();
  std::move(additions.routes.begin(), additions.routes.end(), std::back_inserter(whole.routes));
  std::move(additions.exclusions.begin(), additions.exclusions.end(), std::back_inserter(whole.exclusions));
  if (!has_errors(diagnostics)) (void)Policy::compile(std::move(whole), SecurityLevel::kStandard, diagnostics);
  print_findings(diagnostics);
  return !has_errors(diagnostics);
}

int run_exclude(ExcludeArguments arguments) {
  if (arguments.file.empty() && arguments.ids.empty()) {
    std::fputs(
        "weir policy exclude: say which alert: --alert ID for one of the topic, --from-alert FILE for those of a "
        "file\n",
        stderr);
    return kExitUsage;
  }
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  arguments.scope.expires = end_in(arguments.days);
  auto lines = AlertLines::open(*config, arguments.file, arguments.topic, AlertLines::Start::kBeginning,
                                AlertLines::End::kWhatIsThere);
  if (!lines) return report_failure(lines.error());
  Interruption interruption;
  AlertExclusions exclusions(config->policy, arguments.scope);
  Selection selection(arguments, *config);
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) return report_failure(line.error());
    if (!*line) break;
    if (!(*line)->empty() && selection.take(**line, exclusions)) break;
  }
  for (const auto& note : exclusions.notes())
    std::fprintf(stderr, "weir policy exclude: %s\n", note.c_str());
  if (const std::string complaint = selection.complaint(); !complaint.empty()) {
    std::fprintf(stderr, "weir policy exclude: %s\n", complaint.c_str());
    return kExitFailed;
  }
  const PolicySpec& spec = exclusions.spec();
  if (spec.exclusions.empty()) return kExitFailed;
  const std::string printed = print_policy(spec);
  if (!compiles(printed, config->policy.get())) return kExitFailed;
  std::printf("# Made by weir policy exclude. Read it, then name this file under policy.files and reload.\n%s",
              printed.c_str());
  std::fprintf(stderr, "%zu exclusions, %zu new routes; they end after %s\n", spec.exclusions.size(),
               spec.routes.size(), last_day_before(arguments.scope.expires).c_str());
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
    command->add_option(name, list, help)
        ->option_text(text)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  command->add_option("--from-alert", arguments->file, "Alerts, one a line; - is standard input. Without it the topic")
      ->option_text("FILE");
  add_list("--alert", arguments->ids, "Only the alert whose id (metadata.uid) begins so; may be repeated", "ID");
  command->add_option("-c,--config", arguments->config_file,
                      "Configuration: the policy whose routes are used; brokers, topic, keys");
  command->add_option("--topic", arguments->topic, "Topic, instead of kafka.topics.alerts")->option_text("NAME");
  add_list("--rule", arguments->scope.rules, "Only hits of the rule with this id; may be repeated", "ID");
  command->add_flag("--client", arguments->scope.of_client, "Only for the client of the alert");
  command->add_option("--days", arguments->days, "How long they hold from today on (90)")
      ->check(CLI::Range(1, kDaysMax))
      ->option_text("DAYS");
  command->add_option("--comment", arguments->scope.comment, "Who needs it and why; without it which alert it was")
      ->option_text("TEXT");
  command->footer(
      "Examples: weir policy exclude -c /etc/weir/weir.yaml --alert 0f4f0d1c > /etc/weir/policy.d/editor.yaml\n"
      "          weir scan access.log --output alerts | weir policy exclude --from-alert - --days 30");
  command->callback([arguments, &exit_code] { exit_code = run_exclude(*arguments); });
}

}  // namespace weir
