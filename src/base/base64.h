#pragma once

#include "base/ascii.h"

namespace weir {

/// The value of a digit of base64 or base64url (RFC 4648), -1 if it is none.
constexpr int base64_value(char digit) {
  if (is_ascii_upper(digit)) return digit - 'A';
  if (is_ascii_lower(digit)) return digit - 'a' + 26;
  if (is_ascii_digit(digit)) return digit - '0' + 52;
  if (digit == '+' || digit == '-') return 62;
  return digit == '/' || digit == '_' ? 63 : -1;
}

}  // namespace weir
