#pragma once

namespace CLI {
class App;
}

namespace weir {

/// `weir rules scorecard`: alerts, people's verdicts and cost of each rule, and what they suggest.
void add_rules_scorecard(CLI::App& rules, int& exit_code);

}  // namespace weir
