#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds one command to the program: its arguments, its help, and what runs when the command line names it. That leaves the
/// process's exit code in `exit_code`, which outlives the parsing.
using Command = void(CLI::App& program, int& exit_code);

Command add_run_command;
Command add_scan_command;
Command add_replay_command;
Command add_explain_command;
Command add_rules_command;
Command add_policy_command;
Command add_profiles_command;
Command add_alerts_command;
Command add_notify_command;
Command add_decisions_command;
Command add_crawlers_command;
Command add_state_command;
Command add_decrypt_command;
Command add_config_command;
Command add_apikey_command;
Command add_ctl_command;
Command add_doctor_command;
Command add_top_command;
Command add_demo_command;
Command add_completion_command;
Command add_help_command;
Command add_version_command;

/// All of them, in the order of the help.
inline constexpr Command* kCommands[] = {
    add_run_command,      add_scan_command,     add_replay_command,  add_explain_command, add_rules_command,
    add_policy_command,   add_profiles_command, add_alerts_command,  add_notify_command,  add_decisions_command,
    add_crawlers_command, add_state_command,    add_decrypt_command, add_config_command,  add_apikey_command,
    add_ctl_command,      add_doctor_command,   add_top_command,     add_demo_command,    add_completion_command,
    add_help_command,     add_version_command,
};

}  // namespace weir
