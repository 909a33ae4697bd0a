#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/commands/completion_script.h"
#include "app/setup/exit_code.h"

namespace weir {

void add_completion_command(CLI::App& program, int& exit_code) {
  static const std::map<std::string, Shell> kShells{
      {"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  auto shell = std::make_shared<std::string>();
  auto* completion = program.add_subcommand("completion", "Print a script that completes weir's commands in a shell");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "Examples: source <(weir completion bash)     # in ~/.bashrc\n"
      "          source <(weir completion zsh)      # in ~/.zshrc, behind compinit\n"
      "          weir completion fish | source      # in ~/.config/fish/config.fish");
  completion->callback([&program, shell, &exit_code] {
    std::fputs(completion_script(program, kShells.at(*shell)).c_str(), stdout);
    exit_code = kExitFine;
  });
}

}  // namespace weir
