#pragma once

#include <span>
#include <string_view>

#include "decode/code_point.h"
#include "event/event.h"

namespace weir {

constexpr bool equals_without_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (to_lower(text[i]) != lower[i]) return false;
  return true;
}

/// The first header of a name given in lower case; null when there is none.
inline const Header* find_header(std::span<const Header> headers, std::string_view lower_name) {
  for (const Header& header : headers)
    if (equals_without_case(header.name, lower_name)) return &header;
  return nullptr;
}

}  // namespace weir
