#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// Undoes what a shell drops from a word before it runs it, and attackers therefore put there: quotes (c'a't, 'id' behind a
/// separator), backslashes (w\ho), expansions that are empty (fi${x}le, ca$@t, $(x), ``), blanks by $IFS, and braces
/// ({cat,file} behind a separator). Writes the text without them to `out`, which has room for text.size() bytes, and returns
/// its size; 0 if nothing of the kind stands in `text`. Quotes around whole words of prose stay. One pass.
size_t unwrap_shell_words(std::string_view text, char* out);

}  // namespace weir
