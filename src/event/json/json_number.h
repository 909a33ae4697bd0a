#pragma once

#include <charconv>
#include <string>

namespace weir {

/// Appends a finite number as JSON, as short as it can be read back.
template <typename Number>
void append_json_number(Number number, std::string& out) {
  char digits[32];  // the longest double takes 24
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace weir
