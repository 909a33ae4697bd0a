#pragma once

#include <cstdint>

namespace weir {

/// Control characters, invisible format characters and those that change the direction of text: what makes a value look
/// like another one.
bool is_deceptive(uint32_t code_point);

}  // namespace weir
