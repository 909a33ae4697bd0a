#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir policy learn` to `weir policy`: a first policy out of ordinary traffic.
void add_policy_learn(CLI::App& policy, int& exit_code);

}  // namespace weir
