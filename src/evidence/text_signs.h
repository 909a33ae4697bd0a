#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// What a text holds of that by which secrets and personal data are told: most texts hold too little of it for a closer look.
struct TextSigns {
  size_t digits = 0;
  bool names_secrets =
      false;  ///< a sign that may stand between a name and its value: '=', ':', or '%' for an encoded one
};

TextSigns signs_of(std::string_view text);

}  // namespace weir
