#pragma once

#include "base/diagnostic.h"
#include "config/config.h"
#include "detect/rule_set.h"

namespace weir {

/// What a configuration whose values are right still needs of this machine to be run: certificates and keys, the file of API keys,
/// an address to listen on, rule files, directories that can be written. Each finding stands where the property was written. The
/// same for `weir run`, which refuses to start, and `weir config check`. Reads files, and opens and closes the port.
Diagnostics check_surroundings(const Config& config);

/// A threshold that no request can reach by the rules in force at the level: an error where it was chosen, else a warning.
Diagnostics check_threshold(const Config& config, const RuleSet& rules);

}  // namespace weir
