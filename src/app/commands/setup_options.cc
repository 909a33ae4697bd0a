#include "app/commands/setup_options.h"

#include <CLI/App.hpp>

#include "app/commands/repeatable.h"

namespace weir {

void add_setup_options(CLI::App& command, SetupArguments& arguments, const char* profile_help) {
  command.add_option("-c,--config", arguments.config_file, "Configuration file (YAML); defaults without one");
  repeatable(command.add_option("-r,--rules", arguments.rule_directories,
                                "Rule directory, instead of the configuration's; may be repeated"));
  command
      .add_option("--source", arguments.source,
                  "Read as this source of the configuration is read, where it has several")
      ->option_text("NAME");
  auto* profile = command.add_option("-p,--profile", arguments.profile, profile_help);
  command.add_flag_callback(
      "--no-cache", [&arguments] { arguments.cache = RuleCache::kNone; },
      "Compile the rules anew: neither read nor keep them in rules.cache_directory or the user's cache");
  add_format_options(command, arguments.format);
  command.get_option("--format")->excludes(profile);
  command.get_option("--format-file")->excludes(profile);
}

void add_format_options(CLI::App& command, DirectiveArgument& format) {
  auto* text = command
                   .add_option("--format", format.text,
                               "Log directive of a server (nginx, apache, haproxy, envoy), as in its configuration: "
                               "nginx='$remote_addr …'")
                   ->option_text("SERVER=TEXT");
  command.add_option("--format-file", format.file, "The same out of a file")
      ->option_text("SERVER=FILE")
      ->excludes(text);
}

}  // namespace weir
