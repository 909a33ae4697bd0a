#pragma once

#include <string_view>

#include "detect/program/telling_bytes.h"

namespace weir {

/// A set of telling bytes of which every match of the expression contains at least one; empty when no such set follows from
/// the expression's form. Among several the rarest in ordinary text is chosen. The expression is one that rewrite_for_lines
/// gave or the literal form of append_literal; what is not understood gives the empty set, which is always right.
ByteSet required_bytes(std::string_view regex);

}  // namespace weir
