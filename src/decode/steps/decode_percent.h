#pragma once

#include <cstddef>

namespace weir {

/// What one pass of percent-decoding met.
struct PercentPass {
  size_t size = 0;             ///< bytes left
  bool percent = false;        ///< some %41
  bool plus = false;           ///< some + became a space
  bool unicode = false;        ///< some %u0041
  bool unicode_ascii = false;  ///< … that stood for an ASCII character, which no honest encoder writes so
  bool invalid = false;        ///< a % before a letter or digit that is no escape ("%zz"); such bytes stay as they are
  /// Some decoded byte is one that an encoder does not escape, or that nested URLs do not consist of: encoding it twice
  /// has no honest reason.
  bool unusual = false;
};

enum class PlusMeans { kPlus, kSpace };

/// Decodes %41 and %u0041 once, from left to right, in place (the text only shrinks).
PercentPass decode_percent(char* text, size_t size, PlusMeans plus);

}  // namespace weir
