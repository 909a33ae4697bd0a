#pragma once

#include <string>

#include "detect/rule_set.h"

namespace weir {

/// As run_matcher_canaries(), with the database of the cases kept in this cache directory (empty: none): what the library compiles is
/// then proven when it compiles, what it scans at every start.
Status run_matcher_canaries(const std::string& cache_directory);

}  // namespace weir
