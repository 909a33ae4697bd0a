#pragma once

namespace weir {

/// Parses the arguments, runs the command they name and returns the process's exit code.
int run_command_line(int argc, char* argv[]);

}  // namespace weir
