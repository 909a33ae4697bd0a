#pragma once

#include <string_view>

#include "decode/lines/value_lines.h"

namespace weir {

/// Opens the value of an Authorization header: user and password of Basic become two lines, the header of a JSON Web Token
/// of Bearer one line per member (`token[kid]=…`).
void add_credentials(ValueLines& values, std::string_view authorization, std::string& buffer);

}  // namespace weir
