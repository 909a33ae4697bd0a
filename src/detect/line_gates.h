#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "detect/required_bytes.h"

namespace weir {

/// Most lines of ordinary requests hold none of the bytes that most attack patterns require. So patterns are compiled into
/// several databases, each behind a gate: a set of bytes of which a line must hold one to be worth scanning for these patterns.
/// What matches does not change, only what is scanned (docs/adr/0006-gates.md).
enum class Gate : uint8_t {
  kOpen,      ///< patterns that require nothing telling: every line
  kQuote,     ///< ' " `
  kAngle,     ///< < >
  kShell,     ///< $ \ | ^ { } ; & # ~
  kBracket,   ///< ( )
  kAscii,     ///< any telling byte below 0x80
  kHighByte,  ///< any byte from 0x80
  kTelling,   ///< any telling byte
  kCount,
};
constexpr size_t kGates = static_cast<size_t>(Gate::kCount);

using GateMask = uint8_t;  ///< bit i = Gate i
constexpr GateMask mask_of(Gate gate) {
  return static_cast<GateMask>(1U << static_cast<unsigned>(gate));
}

/// The narrowest gate that lets through every line in which an expression with this requirement can match.
Gate gate_for(const ByteSet& required);

/// The gates that a line with this text passes; kOpen always. One table look-up a byte.
GateMask gates_of(std::string_view text);

}  // namespace weir
