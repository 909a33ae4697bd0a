#pragma once

#include <cstddef>

namespace weir {

struct EscapePass {
  size_t size = 0;
  bool changed = false;
  bool unicode = false;        ///< some \u0041, \u{41} or \x41
  bool unicode_ascii = false;  ///< … that stood for an ASCII character
};

/// Replaces the escapes of script languages once, from left to right, in place: \u0041 (and surrogate pairs), \u{41},
/// \x41 and \/ . Octal and one-letter escapes stay: they cannot be told from Windows paths ("C:\101", "..\new").
EscapePass decode_escapes(char* text, size_t size);

}  // namespace weir
