#pragma once

#include <string_view>

#include "detect/program/letter_case.h"
#include "rules/rule.h"

namespace weir {

/// Does the whole text match? Linear space, time at most text x parts.
bool glob_match(const PatternString& pattern, std::string_view text, LetterCase letter_case);

}  // namespace weir
