#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// What the parts of a block have in common (docs/observation-block.md).

inline constexpr size_t kBlockDigestBytes = 8;  ///< at its end

/// a - b and a + b modulo 2^64: differences of any two numbers survive the way there and back.
inline int64_t wrapped_difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrapped_sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace weir
