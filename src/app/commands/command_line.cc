#include "app/commands/command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "app/commands/command.h"
#include "app/setup/exit_code.h"
#include "base/crash_point.h"

namespace weir {
namespace {

/// For the fault tests: the points of WEIR_CRASH_AT that this build knows, one a line; none in a shipped build.
int print_crash_points() {
#ifdef WEIR_CRASH_POINTS
  for (const std::string_view point : kCrashPoints)
    std::printf("%.*s\n", static_cast<int>(point.size()), point.data());
#endif
  return kExitFine;
}

/// The library itself would only say that a command is missing.
bool has_command(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return !commands.empty();
}

}  // namespace

int run_command_line(int argc, char* argv[]) {
  if (argc == 2 && std::string_view(argv[1]) == "--crash-points") return print_crash_points();
  int exit_code = kExitFine;
  CLI::App app{"weir: finds attacks and abuse in a stream of HTTP request logs", "weir"};
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  for (Command* add_command : kCommands)
    add_command(app, exit_code);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    std::fprintf(stderr, "weir: there is no command '%s'; weir --help lists them\n", argv[1]);
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" to the library, with exit code 0.
    return app.exit(error) == 0 ? kExitFine : kExitUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
    return kExitFailed;
  }
  return exit_code;
}

}  // namespace weir
