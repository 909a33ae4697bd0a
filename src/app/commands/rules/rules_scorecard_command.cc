#include "app/commands/rules/rules_scorecard_command.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "app/alerts/alert_lines.h"
#include "app/commands/rules/named_rules.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/terminal_log.h"
#include "app/setup/time_argument.h"
#include "app/setup/until_interrupted.h"
#include "app/verdicts/scorecard.h"
#include "app/verdicts/verdict_topic.h"
#include "workbench/rule_coverage.h"

namespace weir {
namespace {

constexpr size_t kRulesShown = 30;

struct ScorecardArguments {
  RulesArguments rules;
  std::string since = "30d", costs_file, alerts_file, verdicts_file;
  bool as_json = false, shows_all = false;
};

std::vector<std::string> techniques_of(const std::vector<std::string>& tags) {
  std::vector<std::string> techniques;
  for (const std::string& tag : tags)
    if (std::string id = technique_in(tag); !id.empty()) techniques.push_back(std::move(id));
  return techniques;
}

Status expect_rules(const RulesArguments& arguments, Scorecard& card) {
  const auto loaded = load_named_rules(arguments);
  if (!loaded) return tl::unexpected(loaded.error());
  print_findings(loaded->diagnostics);
  for (const Rule& rule : loaded->rules)
    if (rule.weight > 0) card.expect(rule.id, rule.title, techniques_of(rule.tags));
  for (const Correlation& correlation : loaded->correlations)
    card.expect(correlation.id, correlation.title, techniques_of(correlation.tags));
  return {};
}

/// The figures of `weir rules cost --json`.
Status read_costs(const std::string& file, Scorecard& card) {
  std::ifstream stream(file);
  const auto json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("rules") || !json["rules"].is_array())
    return fail(ErrorCode::kParse, "costs", file + " is not what weir rules cost --json writes");
  for (const auto& rule : json["rules"]) {
    if (rule.is_object() && rule.value("id", nlohmann::json()).is_string() &&
        rule.value("percent", nlohmann::json()).is_number())
      card.set_cost(rule["id"], rule["percent"].get<double>());
  }
  return {};
}

Status read_alerts(const ScorecardArguments& arguments, const Config& config, EventTime since,
                   Interruption& interruption, Scorecard& card) {
  auto lines =
      AlertLines::open(config, arguments.alerts_file, {}, AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  if (!lines) return tl::unexpected(lines.error());
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) return tl::unexpected(line.error());
    if (!*line) return {};
    const auto alert = AlertView::parse(**line);
    if (alert && alert->time() >= since) card.take(*alert);
  }
}

/// One a line, as weir alerts verdicts --json writes them.
Result<VerdictBook> verdicts_of_file(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) return fail(ErrorCode::kIo, "verdicts", "cannot read " + file);
  VerdictBook book;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    auto verdict = parse_verdict(line);
    if (!verdict) return tl::unexpected(verdict.error());
    book.take(verdict->episode, line);
  }
  return book;
}

Result<VerdictBook> read_verdicts_of(const ScorecardArguments& arguments, const Config& config,
                                     Interruption& interruption) {
  if (!arguments.verdicts_file.empty()) return verdicts_of_file(arguments.verdicts_file);
  if (!arguments.alerts_file.empty()) return VerdictBook();  // nothing of a broker was asked for
  ClientOptions options;
  options.kafka = config.kafka;
  options.log = log_to_terminal();
  UntilInterrupted patience(interruption);
  return read_verdicts(options, config.kafka.topics.verdicts, patience);
}

int run_scorecard(const ScorecardArguments& arguments) {
  const auto config = read_config(arguments.rules.config_file);
  if (!config) return report_usage_error(config.error());
  const auto since = time_argument("--since", arguments.since);
  if (!since) return report_usage_error(since.error());
  Scorecard card;
  if (Status status = expect_rules(arguments.rules, card); !status) return report_usage_error(status.error());
  if (!arguments.costs_file.empty())
    if (Status status = read_costs(arguments.costs_file, card); !status) return report_usage_error(status.error());
  Interruption interruption;
  if (Status status = read_alerts(arguments, *config, *since, interruption, card); !status)
    return report_failure("rules scorecard", status.error());
  const auto verdicts = read_verdicts_of(arguments, *config, interruption);
  if (!verdicts) return report_failure("rules scorecard", verdicts.error());
  card.take(*verdicts);
  const std::string text =
      arguments.as_json ? scorecard_json(card) : scorecard_table(card, arguments.shows_all ? 0 : kRulesShown);
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

}  // namespace

void add_rules_scorecard(CLI::App& rules, int& exit_code) {
  auto arguments = std::make_shared<ScorecardArguments>();
  auto* command = rules.add_subcommand(
      "scorecard",
      "Say of each rule how often it alerts, how often falsely, and what that suggests: keep, tune, retire");
  command->add_option("-c,--config", arguments->rules.config_file,
                      "Configuration file (YAML): brokers, topics, rules; defaults without one");
  command->add_option("DIR", arguments->rules.directories,
                      "Rule directories or files; the configured or installed rules without one");
  command
      ->add_option(
          "--since", arguments->since,
          "Alerts from this time on: 2025-01-15, or how long ago (12h, 30d). Verdicts count whatever their age")
      ->option_text("TIME")
      ->capture_default_str();
  command
      ->add_option("--costs", arguments->costs_file,
                   "What weir rules cost --json wrote: adds each rule's share of the scan time")
      ->option_text("FILE");
  command
      ->add_option("--alerts", arguments->alerts_file, "Read alerts from this file, one a line, instead of the topic")
      ->option_text("FILE");
  command
      ->add_option("--verdicts", arguments->verdicts_file,
                   "Read verdicts from this file (weir alerts verdicts --json) instead of the topic")
      ->option_text("FILE");
  command->add_flag("--json", arguments->as_json, "All figures as JSON");
  command->add_flag("--all", arguments->shows_all, "All rules, quiet ones, too, not the first 30");
  command->footer(
      "What is suggested: retire (10 verdicts or more, 9 of 10 false), tune (3 false alarms or more, 3 of 10 "
      "verdicts),\n"
      "judge (alerts, and nobody has marked one: weir alerts mark), keep, quiet (no alert, which of a rule against "
      "rare\n"
      "attacks is as it should be).");
  command->callback([=, &exit_code] { exit_code = run_scorecard(*arguments); });
}

}  // namespace weir
