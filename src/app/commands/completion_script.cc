#include "app/commands/completion_script.h"

#include <CLI/App.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace weir {
namespace {

struct CompletedOption {
  std::vector<std::string> long_names, short_names;  // without dashes
  std::string help;
  std::vector<std::string> choices;  // empty: anything, most often a file
  bool takes_value = false;
};

/// A command with what may follow it.
struct CompletedCommand {
  std::string path;  // "rules test"; of the program itself empty
  std::string name, help;
  std::vector<CompletedOption> options;
  std::vector<CompletedCommand> commands;
};

/// "table|alerts [table]" names choices, "FILE" does not.
std::vector<std::string> choices_in(std::string_view text) {
  text = text.substr(0, text.find(' '));
  std::vector<std::string> choices;
  while (text.find('|') != std::string_view::npos || !choices.empty()) {
    const auto bar = text.find('|');
    choices.emplace_back(text.substr(0, bar));
    if (bar == std::string_view::npos) break;
    text.remove_prefix(bar + 1);
  }
  return choices;
}

CompletedCommand command_of(const CLI::App& app, const std::string& path) {
  CompletedCommand command{path, app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && option->get_lnames().empty()) continue;
    command.options.push_back({option->get_lnames(), option->get_snames(), option->get_description(),
                               choices_in(option->get_option_text()), option->get_items_expected_max() > 0});
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    command.commands.push_back(command_of(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name()));
  return command;
}

/// Calls `visit` for the command and all below it.
template <typename Visit>
void for_each(const CompletedCommand& command, const Visit& visit) {
  visit(command);
  for (const CompletedCommand& sub : command.commands)
    for_each(sub, visit);
}

/// In single quotes of any of the shells.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : " ") + word;
  return out;
}

std::vector<std::string> spellings_of(const CompletedOption& option) {
  std::vector<std::string> spellings;
  for (const std::string& name : option.long_names)
    spellings.push_back("--" + name);
  for (const std::string& name : option.short_names)
    spellings.push_back("-" + name);
  return spellings;
}

/// The case patterns of a shell for an option of a command: 'scan --output' | 'scan -o'.
std::string patterns_of(const CompletedCommand& command, const CompletedOption& option) {
  std::string patterns;
  for (const std::string& spelling : spellings_of(option))
    patterns += (patterns.empty() ? "" : " | ") + in_quotes(command.path + " " + spelling);
  return patterns;
}

/// Shell code that leaves the words of the command line that are commands in $command; `words` is how it reads the i-th.
std::string find_command(const CompletedCommand& program, std::string_view loop) {
  std::string paths;
  for_each(program, [&](const CompletedCommand& command) {
    if (!command.path.empty()) paths += (paths.empty() ? "" : " | ") + in_quotes(command.path);
  });
  return std::string(loop) +
         "    case \"${command:+$command }$word\" in\n"
         "      " +
         paths +
         ") command=\"${command:+$command }$word\" ;;\n"
         "    esac\n"
         "  done\n";
}

/// Shell code that sets $values for the option before the cursor.
std::string find_values(const CompletedCommand& program) {
  std::string code = "  case \"$command $previous\" in\n";
  for_each(program, [&](const CompletedCommand& command) {
    for (const CompletedOption& option : command.options) {
      if (!option.takes_value) continue;
      code += "    " + patterns_of(command, option) + ") takes_value=1 values=" + in_quotes(joined(option.choices)) +
              " ;;\n";
    }
  });
  return code + "  esac\n";
}

std::string bash_script(const CompletedCommand& program) {
  std::string code =
      "# Completion of weir for bash: source <(weir completion bash)\n"
      "_weir() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  local command='' word i takes_value='' values='' options='' commands=''\n";
  code += find_command(program,
                       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "    word=${COMP_WORDS[i]}\n");
  code += find_values(program);
  code += "  case \"$command\" in\n";
  for_each(program, [&](const CompletedCommand& command) {
    std::vector<std::string> options, commands;
    for (const CompletedOption& option : command.options)
      for (const std::string& name : option.long_names)
        options.push_back("--" + name);
    for (const CompletedCommand& sub : command.commands)
      commands.push_back(sub.name);
    code += "    " + in_quotes(command.path) + ") options=" + in_quotes(joined(options)) +
            " commands=" + in_quotes(joined(commands)) + " ;;\n";
  });
  return code +
         "  esac\n"
         "  if [[ -n $takes_value ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
         "  elif [[ $current == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _weir weir  # where nothing is proposed: files\n";
}

/// "name:help" pairs for zsh's _describe.
std::string described(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out;
  for (const auto& [name, help] : entries)
    out += (out.empty() ? "" : " ") + in_quotes(name + ":" + help);
  return out;
}

std::string zsh_script(const CompletedCommand& program) {
  std::string code =
      "#compdef weir\n"
      "# Completion of weir for zsh: source <(weir completion zsh), or this as _weir in a directory of $fpath\n"
      "_weir() {\n"
      "  local current=${words[CURRENT]} previous=${words[CURRENT-1]}\n"
      "  local command='' word takes_value='' values=''\n"
      "  local -a options commands\n";
  code += find_command(program, "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n");
  code += find_values(program);
  code += "  case \"$command\" in\n";
  for_each(program, [&](const CompletedCommand& command) {
    std::vector<std::pair<std::string, std::string>> options, commands;
    for (const CompletedOption& option : command.options)
      for (const std::string& spelling : spellings_of(option))
        options.emplace_back(spelling, option.help);
    for (const CompletedCommand& sub : command.commands)
      commands.emplace_back(sub.name, sub.help);
    code += "    " + in_quotes(command.path) + ") options=(" + described(options) + ") commands=(" +
            described(commands) + ") ;;\n";
  });
  return code +
         "  esac\n"
         "  if [[ -n $values ]]; then\n"
         "    compadd -- ${=values}\n"
         "  elif [[ -n $takes_value ]]; then\n"
         "    _files\n"
         "  elif [[ $current == -* ]]; then\n"
         "    _describe -o option options\n"
         "  elif (( ${#commands} )); then\n"
         "    _describe command commands\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ $funcstack[1] == _weir ]]; then _weir \"$@\"; else compdef _weir weir; fi\n";
}

std::string fish_script(const CompletedCommand& program) {
  std::string paths;
  for_each(program, [&](const CompletedCommand& command) {
    if (!command.path.empty()) paths += " " + in_quotes(command.path);
  });
  std::string code =
      "# Completion of weir for fish: weir completion fish | source\n"
      "function __weir_command\n"
      "  set -l command ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    set -l longer (string trim -- \"$command $word\")\n"
      "    if contains -- $longer" +
      paths +
      "\n"
      "      set command $longer\n"
      "    end\n"
      "  end\n"
      "  echo \"$command\"\n"
      "end\n";
  for_each(program, [&](const CompletedCommand& command) {
    const std::string begin =
        "complete -c weir -n " + in_quotes("test \"$(__weir_command)\" = " + in_quotes(command.path));
    for (const CompletedCommand& sub : command.commands)
      code += begin + " -f -a " + in_quotes(sub.name) + " -d " + in_quotes(sub.help) + "\n";
    for (const CompletedOption& option : command.options) {
      code += begin;
      for (const std::string& name : option.short_names)
        code += " -s " + name;
      for (const std::string& name : option.long_names)
        code += " -l " + name;
      if (!option.choices.empty()) {
        code += " -x -a " + in_quotes(joined(option.choices));
      } else if (option.takes_value) {
        code += " -r";
      }
      code += " -d " + in_quotes(option.help) + "\n";
    }
  });
  return code;
}

}  // namespace

std::string completion_script(const CLI::App& program, Shell shell) {
  const CompletedCommand commands = command_of(program, "");
  switch (shell) {
    case Shell::kBash:
      return bash_script(commands);
    case Shell::kZsh:
      return zsh_script(commands);
    case Shell::kFish:
      return fish_script(commands);
  }
  return {};
}

}  // namespace weir
