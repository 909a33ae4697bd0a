#pragma once

#include <span>
#include <string_view>

#include "base/ascii.h"
#include "event/event.h"

namespace weir {

/// The first header of a name given in lower case; null when there is none.
inline const Header* find_header(std::span<const Header> headers, std::string_view lower_name) {
  for (const Header& header : headers)
    if (equals_without_case(header.name, lower_name)) return &header;
  return nullptr;
}

}  // namespace weir
