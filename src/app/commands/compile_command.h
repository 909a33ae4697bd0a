#pragma once

namespace CLI {
class App;
}

namespace weir {

/// `weir profiles compile`: what weir understood of a server's log directive, and what it reads of lines. Adds itself to the command
/// `profiles`.
void add_compile_command(CLI::App& profiles, int& exit_code);

}  // namespace weir
