#pragma once

#include <optional>
#include <span>
#include <string>

#include "event/directive/directive_template.h"

namespace weir {

/// Pieces of a directive that are one value for weir.
struct JoinedValue {
  TextField field{};
  uint8_t rank = 0;
  bool is_line = false;
  size_t pieces = 0;  ///< how many of them
};

/// Whether the pieces from the first on make one value: a time in several parts, a URL in several parts, a path with its query. The
/// first is a variable.
std::optional<JoinedValue> join_pieces(std::span<const DirectivePiece> pieces);

/// As join_pieces of a text that all of the pieces make, as a value of a JSON object is one. Then also: a whole request line, an address
/// with a port, texts around one variable. What has several meanings at once becomes a request header of that name, so that it is
/// at least looked at.
JoinedValue value_of_pieces(std::span<const DirectivePiece> pieces, std::string_view name);

/// The field of a variable that stands alone: of a time, only where weir can read it.
TextField field_alone(const DirectiveVariable& variable);

}  // namespace weir
