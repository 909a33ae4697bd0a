#pragma once

#include <cstddef>
#include <string_view>

#include "decode/code_point.h"

namespace weir {

/// Compares with an ASCII text in lower case.
constexpr bool starts_without_case(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (size_t i = 0; i < lower_prefix.size(); ++i) {
    if (to_lower(text[i]) != lower_prefix[i]) return false;
  }
  return true;
}

/// Offset of an ASCII text in lower case at or behind `from`; npos if there is none. For short needles.
constexpr size_t find_without_case(std::string_view text, std::string_view lower, size_t from) {
  for (size_t at = from; at + lower.size() <= text.size(); ++at) {
    if (starts_without_case(text.substr(at), lower)) return at;
  }
  return std::string_view::npos;
}

}  // namespace weir
