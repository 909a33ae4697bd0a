#pragma once

#include <string>

namespace weir {

/// Where commands keep compiled rules for their user: $XDG_CACHE_HOME/weir, else ~/.cache/weir, as the XDG Base Directory
/// Specification says; empty where neither is an absolute path.
std::string user_cache_directory();

}  // namespace weir
