#pragma once

#include <cstddef>

namespace weir {

struct FoldPass {
  size_t size = 0;
  bool changed = false;
  bool folded = false;      ///< some look-alike became ASCII, or something invisible was removed
  bool suspicious = false;  ///< … one of those that only serve to hide a meta character (full-width < > ' " \ . %)
  bool overlong = false;    ///< some character was written with more bytes than it needs
};

/// Folds what a server's Unicode conversion, or a lenient UTF-8 decoder, would turn into ASCII; once, in place:
/// overlong UTF-8, full-width and small forms, typographic primes, slashes and angle quotes, circled and mathematical
/// letters and digits, exotic spaces; soft hyphens and zero-width characters are removed. Other bytes, invalid UTF-8
/// among them, stay as they are.
FoldPass fold_unicode(char* text, size_t size);

}  // namespace weir
