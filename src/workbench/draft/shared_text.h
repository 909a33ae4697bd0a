#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// Longer pieces are cut: a rule that holds more text than this describes one request, not an attack.
inline constexpr size_t kPieceBytesMax = 120;

/// The longest pieces of text that every one of `texts` holds somewhere, longest first; none is part of another. A text is that of one
/// record, its lines with '\n' between them; no piece goes over the end of a line. Pieces have at least three bytes, or two when none of them
/// is a letter or digit; words that only happen to begin or end alike are left out. Of a single text it is its lines, without
/// addresses, long numbers and digests, which are never the same again. Time: linear in the sum of all lengths, times the number of pieces for
/// their ends.
std::vector<std::string> shared_pieces(std::span<const std::string> texts);

}  // namespace weir
