#pragma once

#include <cstddef>

namespace weir {

struct EntityPass {
  size_t size = 0;
  bool changed = false;
};

/// Replaces HTML character references once, from left to right, in place: decimal, hexadecimal (any number of leading
/// zeros, with or without the semicolon) and the names that stand for ASCII punctuation or white space. The old names
/// (lt, gt, amp, quot, nbsp, shy) count without a semicolon too, as in browsers, unless they read as the name of a
/// parameter in a URL ("&lt=5", "&gt_id=7").
EntityPass decode_entities(char* text, size_t size);

}  // namespace weir
