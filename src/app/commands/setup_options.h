#pragma once

#include "app/setup/command_setup.h"

namespace CLI {
class App;
}

namespace weir {

/// The options that every command that judges records takes: configuration, rules and the form of the records.
void add_setup_options(CLI::App& command, SetupArguments& arguments, const char* profile_help);

/// --format and --format-file.
void add_format_options(CLI::App& command, DirectiveArgument& format);

}  // namespace weir
