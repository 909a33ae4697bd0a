#include "app/commands/policy/policy_drift_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands/policy/ordinary_requests.h"
#include "app/commands/setup_options.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_writer.h"
#include "workbench/learn/policy_drift.h"

namespace weir {
namespace {

constexpr uint64_t kEvidenceDefault = 20;

struct DriftArguments {
  SetupArguments setup;
  uint64_t evidence_min = kEvidenceDefault;
  bool as_json = false, proposes = false, fails = false;
  std::vector<std::string> files;  ///< "-" is standard input
};

bool is_against_the_policy(const Drift& drift) {
  return drift.kind != DriftKind::kUnusedRoute && drift.kind != DriftKind::kUnusedParameter;
}

/// "unused route", as a person reads it.
std::string spaced(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c == '_') c = ' ';
  return text;
}

void print_table(const std::vector<Drift>& drifts, const PolicyDrift& drift, uint64_t malicious) {
  for (const Drift& item : drifts) {
    std::string line = printable(item.route);
    if (!item.what.empty()) line += ": " + printable(item.what);
    line += "; " + printable(item.detail);
    if (is_against_the_policy(item)) line += ", " + with_separators(item.requests) + " requests";
    if (item.clients > 0)
      line += " of " + with_separators(item.clients) +
              (item.clients == PolicyDrift::kClientsMax ? " clients or more" : " clients");
    std::printf("%-16s  %s\n", spaced(to_string(item.kind)).c_str(), line.c_str());
  }
  std::printf("%zu drifts in %s requests; %s malicious ones were left out\n", drifts.size(),
              with_separators(drift.requests()).c_str(), with_separators(malicious).c_str());
}

void print_json(const std::vector<Drift>& drifts, const PolicyDrift& drift, uint64_t malicious) {
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  for (const Drift& item : drifts) {
    nlohmann::ordered_json json{{"kind", std::string(to_string(item.kind))},
                                {"route", item.route},
                                {"what", item.what},
                                {"detail", item.detail},
                                {"requests", item.requests}};
    if (item.clients > 0) json["clients"] = item.clients;
    items.push_back(std::move(json));
  }
  const nlohmann::ordered_json whole{
      {"requests", drift.requests()}, {"malicious", malicious}, {"drifts", std::move(items)}};
  std::printf("%s\n", whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

/// The new routes as a policy, to be read and taken over.
void print_proposal(const PolicyDrift& drift, uint64_t evidence_min) {
  PolicySpec spec;
  spec.routes = drift.new_routes(evidence_min).routes;
  std::printf("# Routes that the policy lacks, by weir policy drift. Read them before they judge.\n%s",
              print_policy(spec).c_str());
}

int run_drift(const DriftArguments& arguments) {
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  if (!setup->config.policy)
    return report_usage_error({ErrorCode::kInvalidArgument, "policy",
                               "there is no policy to compare with: name a configuration that has one (--config); weir "
                               "policy learn proposes one"});
  Interruption interruption;
  ProgressBar progress;
  PolicyDrift drift(setup->config.policy);
  OrdinaryRequests requests(Judgement(setup->rules, setup->config.policy), [&drift](const JudgedRecord& record) {
    drift.add(record.event, record.decoded, record.policy.route, record.policy.violations, record.client.hash);
  });
  FileFeed feed("policy drift", setup->config, analyzer_options(setup->config), {}, Reading::kToEnd, requests,
                interruption, progress);
  feed.run(arguments.files);
  progress.finish();
  if (!feed.something_was_read(0)) return kExitFailed;
  const auto drifts = drift.drifts(arguments.evidence_min);
  if (arguments.proposes)
    print_proposal(drift, arguments.evidence_min);
  else if (arguments.as_json)
    print_json(drifts, drift, requests.malicious());
  else
    print_table(drifts, drift, requests.malicious());
  if (drift.left_out() > 0)
    std::fprintf(stderr, "weir policy drift: %s violations were left out for want of room\n",
                 with_separators(drift.left_out()).c_str());
  if (std::fflush(stdout) != 0 || feed.has_failed()) return kExitFailed;
  const bool has_drifted = std::any_of(drifts.begin(), drifts.end(), is_against_the_policy);
  return arguments.fails && has_drifted ? kExitFailed : kExitFine;
}

}  // namespace

void add_policy_drift(CLI::App& policy, int& exit_code) {
  auto arguments = std::make_shared<DriftArguments>();
  auto* command = policy.add_subcommand(
      "drift", "Say what ordinary traffic holds that the policy does not know or forbids, and what of it is unused");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  command->add_option("--at-least", arguments->evidence_min, "Fewer requests say nothing (20)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->option_text("REQUESTS");
  auto* json = command->add_flag("--json", arguments->as_json, "All of it as JSON");
  command->add_flag("--propose", arguments->proposes, "The new routes as a policy, to be added")->excludes(json);
  command->add_flag("--fail", arguments->fails,
                    "Exit with 1 when there is a new route, a new parameter or a violation: for CI and timers");
  command->add_option("FILE", arguments->files, "Files to read, also compressed (gzip, zstd); - is standard input")
      ->required();
  command->footer(
      "Malicious requests say nothing. A violation that many clients show is a policy that has grown old; one of a "
      "single\n"
      "client may be somebody who tries things.\n"
      "Example: weir policy drift --config /etc/weir/weir.yaml access.log");
  command->callback([arguments, &exit_code] { exit_code = run_drift(*arguments); });
}

}  // namespace weir
