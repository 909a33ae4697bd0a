#pragma once

#include <map>
#include <string_view>

#include "config/config.h"
#include "config/findings.h"

namespace weir {

/// Where each property that is not at its default was set, by path.
using Origins = std::map<std::string_view, Origin>;

/// What the bounds of single properties cannot say: forms of addresses and names, and properties that need each other.
/// Also makes input.trusted_proxies from its texts.
void check_config(Config& config, const Origins& origins, const std::string& file, Findings& findings);

}  // namespace weir
