#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir policy exclude` to `weir policy`: from false alarms to the exclusions that end them.
void add_policy_exclude(CLI::App& policy, int& exit_code);

}  // namespace weir
