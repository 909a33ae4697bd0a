#include "app/commands/setup_options.h"

#include <CLI/App.hpp>

namespace weir {

void add_setup_options(CLI::App& command, SetupArguments& arguments, const char* profile_help) {
  command.add_option("-c,--config", arguments.config_file, "Configuration file (YAML); defaults without one");
  command
      .add_option("-r,--rules", arguments.rule_directories,
                  "Rule directory, instead of the configuration's; may be repeated")
      ->expected(1)
      ->allow_extra_args(false)  // else it would take the FILE that follows
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("-p,--profile", arguments.profile, profile_help);
}

}  // namespace weir
