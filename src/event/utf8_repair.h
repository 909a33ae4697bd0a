#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Appends `bytes` to `out` with every ill-formed UTF-8 sequence replaced by U+FFFD, one per maximal subpart (the practice
/// the Unicode standard recommends, chapter 3.9). The result is at most three times as long.
void append_repaired_utf8(std::string_view bytes, std::string& out);

/// Replaces each JSON escape of half a surrogate pair (backslash, u, d800 to dfff without its partner) by that of U+FFFD,
/// in place. Such escapes are what some loggers make of a byte that is no UTF-8. Returns whether there was any.
bool repair_lone_surrogates(char* json, size_t size);

}  // namespace weir
