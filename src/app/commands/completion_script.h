#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace weir {

enum class Shell : uint8_t { kBash, kZsh, kFish };

/// A script that makes the shell complete the program's commands, options and their values, as they are defined.
std::string completion_script(const CLI::App& program, Shell shell);

}  // namespace weir
