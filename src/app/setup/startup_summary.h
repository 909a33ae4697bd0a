#pragma once

#include <string>
#include <vector>

#include "app/setup/command_setup.h"

namespace weir {

/// What runs with which settings, in a few lines for the log: what one wants to know when something is odd, and nothing secret.
std::vector<std::string> startup_summary(const CommandSetup& setup);

}  // namespace weir
