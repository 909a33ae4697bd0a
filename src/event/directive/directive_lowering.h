#pragma once

#include <optional>
#include <string>
#include <vector>

#include "event/directive/directive_template.h"
#include "event/input_profile.h"
#include "event/text/text_format.h"

namespace weir {

/// What a directive's variables came to be, before it is told to a person. One per piece; of literals it stays empty.
struct PieceUse {
  TextField field{};
  std::string pointer{};  ///< of JSON
};

/// A directive as a reader of lines of text. The fault is two variables with nothing between them, or a limit passed.
DirectiveResult<TextFormat> lower_to_text(const DirectiveTemplate& directive, std::vector<PieceUse>& uses);

/// A directive whose text is one JSON object, as pointers to its values; nothing if it is none.
std::optional<InputProfile> lower_to_json(const DirectiveTemplate& directive, std::vector<PieceUse>& uses);

}  // namespace weir
