#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir rules tune` to `weir rules`: from false alarms to the narrowest exclusions that end them and lose no attack.
void add_rules_tune(CLI::App& rules, int& exit_code);

}  // namespace weir
