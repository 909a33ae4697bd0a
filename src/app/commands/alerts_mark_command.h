#pragma once

namespace CLI {
class App;
}

namespace weir {

/// `weir alerts mark` and `weir alerts verdicts`, below `alerts`.
void add_alerts_mark(CLI::App& alerts, int& exit_code);

}  // namespace weir
