#include <CLI/App.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "config/config.h"

namespace weir {
namespace {

/// `weir config check FILE`: every finding at once; exit code 2 when there is an error.
int run_config_check(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return kExitUsage;
  std::printf("%s: fine\n", file.c_str());
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
  add_for_file("check", "Report every error of a configuration file at once", run_config_check);
  add_for_file("print", "Print the effective configuration, secrets masked", run_config_print);
  add_text("schema", "Print the JSON Schema of the file, for editors", config_json_schema);
  add_text("reference", "Print the reference of all properties as Markdown", config_reference_markdown);
}

}  // namespace weir
