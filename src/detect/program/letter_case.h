#pragma once

#include <cstdint>

namespace weir {

/// Whether ASCII letters of the other case match too.
enum class LetterCase : uint8_t { kIgnored, kMatters };

}  // namespace weir
