#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "detect/program/field_map.h"
#include "rules/rule.h"

namespace weir {

/// A Sigma string as a regular expression over lines: anchored unless a wildcard stands at the end in question.
/// Where the field stands in named lines, a value also begins after the first '='. Nothing for a string of wildcards only or an empty
/// one, which say something about the field's presence rather than its text.
std::optional<std::string> regex_of(const PatternString& pattern, const FieldTarget& field);

/// True when the value may stand anywhere in the field (`*text*`).
bool is_open(const PatternString& pattern);

}  // namespace weir
