#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "decode/decoded_record.h"
#include "detect/program/telling_bytes.h"

namespace weir {

/// Most lines of ordinary requests hold none of the bytes that most attack patterns require. So patterns are compiled into
/// several databases, each behind a gate: a set of bytes of which a line must hold one to be worth scanning for these patterns.
/// What matches does not change, only what is scanned (docs/adr/0006-gates.md).
enum class Gate : uint8_t {
  kOpen,       ///< patterns that require nothing telling: every line
  kQuote,      ///< ' " `
  kAngle,      ///< < >
  kShell,      ///< $ \ | ^ { } ; & # ~
  kBracket,    ///< ( )
  kAscii,      ///< any telling byte below 0x80
  kHighByte,   ///< any byte from 0x80
  kTelling,    ///< any telling byte
  kUserAgent,  ///< patterns that count in user agents only: those lines, whatever bytes they hold
  kHost,       ///< patterns that count in hosts only
  kEvasion,    ///< patterns that count with an evasion only: every line of a record that shows it, no other
  kCount,
};
constexpr size_t kGates = static_cast<size_t>(Gate::kCount);

using GateMask = uint16_t;  ///< bit i = Gate i
constexpr GateMask mask_of(Gate gate) {
  return static_cast<GateMask>(1U << static_cast<unsigned>(gate));
}

/// The narrowest gate that lets through every line in which an expression with this requirement can match; `places` are those
/// in which its matches count.
Gate gate_for(const ByteSet& required, PlaceMask places);

/// The gates that a line passes by its text and place; kOpen always.
GateMask gates_of(std::string_view text, Place place);

}  // namespace weir
