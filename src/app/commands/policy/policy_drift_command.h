#pragma once

namespace CLI {
class App;
}

namespace weir {

/// `weir policy drift`: what ordinary traffic says against the policy in force.
void add_policy_drift(CLI::App& policy, int& exit_code);

}  // namespace weir
