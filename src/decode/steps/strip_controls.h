#pragma once

#include <cstddef>

namespace weir {

struct ControlPass {
  size_t size = 0;
  bool null_byte = false;           ///< some were removed
  bool control = false;             ///< some became a space or a mark
  bool line_break = false;          ///< some of these were CR or LF
  bool header_after_break = false;  ///< … and what follows reads as the start of an HTTP header or status line
};

/// Removes NUL bytes, turns line breaks into kLineBreakMark (which the line writer makes spaces) and every other control
/// character (below 0x20, and 0x7f) into a space, in place.
ControlPass strip_controls(char* text, size_t size);

}  // namespace weir
