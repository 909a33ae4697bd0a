#pragma once

#include <string>

namespace weir {

/// `weir run`: the daemon. Returns when a signal stops it (0) or it cannot go on (1); 2 for a configuration error.
int run_daemon(const std::string& config_file);

}  // namespace weir
