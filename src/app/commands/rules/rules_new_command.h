#pragma once

namespace CLI {
class App;
}

namespace weir {

/// Adds `weir rules new` to `weir rules`: from requests to a first draft of a rule that finds them.
void add_rules_new(CLI::App& rules, int& exit_code);

}  // namespace weir
