#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/setup/exit_code.h"

namespace weir {
namespace {

/// `weir help [COMMAND…]`: what `weir COMMAND… --help` prints.
int print_help(const CLI::App& program, const std::vector<std::string>& names) {
  const CLI::App* command = &program;
  std::string before;
  for (const std::string& name : names) {
    const auto found =
        command->get_subcommands([&](const CLI::App* subcommand) { return subcommand->get_name() == name; });
    if (found.empty()) {
      std::fprintf(stderr, "weir help: there is no command '%s'; weir help lists them\n", name.c_str());
      return kExitUsage;
    }
    before += (before.empty() ? "" : " ") + command->get_name();
    command = found.front();
  }
  // Not help(): while it runs, that would be the help of this command.
  const std::string name = before.empty() ? command->get_name() : before + " " + command->get_name();
  std::fputs(command->get_formatter()->make_help(command, name, CLI::AppFormatMode::Normal).c_str(), stdout);
  return kExitFine;
}

}  // namespace

void add_help_command(CLI::App& program, int& exit_code) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto* help = program.add_subcommand("help", "Explain a command, or list them all");
  help->add_option("COMMAND", *names, "The command, for example: rules test");
  help->callback([&program, names, &exit_code] { exit_code = print_help(program, *names); });
}

void add_version_command(CLI::App& program, int& exit_code) {
  auto* version = program.add_subcommand("version", "Print the version");
  version->callback([&exit_code] {
    std::printf("weir %s\n", WEIR_VERSION);
    exit_code = kExitFine;
  });
}

}  // namespace weir
