#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Replaces each JSON escape of half a surrogate pair (backslash, u, d800 to dfff without its partner) by that of U+FFFD,
/// in place. Such escapes are what some loggers make of a byte that is no UTF-8. Returns whether there was any.
bool repair_lone_surrogates(char* json, size_t size);

}  // namespace weir
