#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `try` to `weir rules`.
void add_rules_try(CLI::App& rules, int& exit_code);

}  // namespace weir
