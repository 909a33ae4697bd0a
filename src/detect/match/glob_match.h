#pragma once

#include <string_view>

#include "rules/rule.h"

namespace weir {

/// Does the whole text match? Linear space, time at most text x parts. `cased` false: ASCII letters compare alike.
bool glob_match(const PatternString& pattern, std::string_view text, bool cased);

}  // namespace weir
