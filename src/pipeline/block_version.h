#pragma once

#include <cstdint>

namespace weir {

/// The first byte of a block says how it is laid out (docs/observation-block.md).

inline constexpr uint8_t kBlockVersion = 1;
/// The version of blocks that hold records of correlations.
inline constexpr uint8_t kEventBlockVersion = 2;
/// Of blocks that say how far their sources have come (docs/adr/0029-watermarks.md).
inline constexpr uint8_t kSourceBlockVersion = 3;
/// Of blocks with observations that tell of records in words; they may say how far their sources have come, too.
inline constexpr uint8_t kWordsBlockVersion = 4;
/// Of blocks that hold an order about a client and nothing else (docs/adr/0053-decisions-are-records.md).
inline constexpr uint8_t kOrderBlockVersion = 5;
/// The same of orders that make or lift decisions (docs/adr/0056-what-is-done-about-clients.md).
inline constexpr uint8_t kDecisionOrderBlockVersion = 6;
inline constexpr uint8_t kNewestBlockVersion = kDecisionOrderBlockVersion;

}  // namespace weir
