#pragma once

#include <bitset>
#include <string_view>

namespace weir {

/// A set of byte values.
using ByteSet = std::bitset<256>;

/// Bytes that ordinary request text holds seldom or never and that attacks need: quotes, angle brackets, shell and template
/// characters, … Letters, digits, spaces and the punctuation of URLs are not among them.
bool is_telling_byte(unsigned char byte);

/// A set of telling bytes of which every match of the expression contains at least one; empty when no such set follows from
/// the expression's form. Among several the rarest in ordinary text is chosen. The expression is one that rewrite_for_lines
/// gave or the literal form of append_literal; what is not understood gives the empty set, which is always right.
ByteSet required_bytes(std::string_view regex);

}  // namespace weir
