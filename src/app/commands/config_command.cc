#include <CLI/App.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "config/config.h"
#include "kafka/check/cluster_check.h"

namespace weir {
namespace {

struct CheckArguments {
  std::string file;
  bool broker = false;
};

/// `weir config check FILE`: all that `weir run` looks at before it needs a broker; exit code 2 when there is an error. With
/// --broker also what the cluster must be like and allow; 1 when it is not or does not.
int run_config_check(const CheckArguments& check) {
  SetupArguments arguments;
  arguments.config_file = check.file;
  arguments.surroundings = Surroundings::kChecked;
  const auto setup = prepare_command(arguments);
  if (!setup) return report_usage_error(setup.error());
  if (check.broker) {
    const Diagnostics findings = check_cluster(setup->config);
    print_findings(findings);
    if (has_errors(findings)) return kExitFailed;
  }
  std::printf("%s: fine\n", check.file.c_str());
  return kExitFine;
}

/// `weir config print FILE`: the effective configuration with defaults and environment applied, secrets masked.
int run_config_print(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return kExitUsage;
  std::fputs(print_config(*config).c_str(), stdout);
  return kExitFine;
}

}  // namespace

void add_config_command(CLI::App& program, int& exit_code) {
  auto* config = program.add_subcommand("config", "Check and show the configuration");
  config->require_subcommand(1);
  const auto add_for_file = [&](const char* name, const char* help, int (*command)(const std::string&)) {
    auto file = std::make_shared<std::string>();
    auto* sub = config->add_subcommand(name, help);
    sub->add_option("FILE", *file, "Configuration file (YAML)")->required();
    sub->callback([file, command, &exit_code] { exit_code = command(*file); });
  };
  const auto add_text = [&](const char* name, const char* help, std::string (*text)()) {
    config->add_subcommand(name, help)->callback([text] { std::fputs(text().c_str(), stdout); });
  };
  auto check = std::make_shared<CheckArguments>();
  auto* checked = config->add_subcommand("check", "Report every error of a configuration file at once");
  checked->add_option("FILE", check->file, "Configuration file (YAML)")->required();
  checked->add_flag("--broker", check->broker,
                    "Also ask the brokers: connection, topics and their settings, and every right that is needed; "
                    "nothing is written");
  checked->footer(
      "Looks at all that 'weir run' would: values, rules, policy, certificates, credentials, directories, the port.\n"
      "Exit code 2 when something is wrong, 1 when only the brokers are.");
  checked->callback([check, &exit_code] { exit_code = run_config_check(*check); });
  add_for_file("print", "Print the effective configuration, secrets masked", run_config_print);
  add_text("schema", "Print the JSON Schema of the file, for editors", config_json_schema);
  add_text("reference", "Print the reference of all properties as Markdown", config_reference_markdown);
}

}  // namespace weir
