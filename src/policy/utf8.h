#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

/// A code point and the bytes it takes; no bytes: ill-formed UTF-8 (Unicode, table 3-7).
struct Utf8Step {
  uint32_t code_point = 0;
  size_t bytes = 0;
};
Utf8Step read_utf8(std::string_view text);

/// Control characters, invisible format characters and those that change the direction of text: what makes a value look
/// like another one.
bool is_deceptive(uint32_t code_point);

}  // namespace weir
