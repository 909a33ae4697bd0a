#pragma once

#include <string_view>

#include "detect/confirm/sql_token.h"

namespace weir {

/// What a word (any case, without quotes) is in SQL; kWord when nothing special. Functions are so only before a bracket: the caller sees to that.
SqlToken sql_word(std::string_view word);

}  // namespace weir
