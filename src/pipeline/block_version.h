#pragma once

#include <cstdint>

namespace weir {

/// The first byte of a block says how it is laid out (docs/observation-block.md).

inline constexpr uint8_t kBlockVersion = 1;
/// The version of blocks that hold records of correlations.
inline constexpr uint8_t kEventBlockVersion = 2;

}  // namespace weir
