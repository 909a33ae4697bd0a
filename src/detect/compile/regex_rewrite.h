#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

/// What stands on the lines an expression looks at. Decoding leaves no control characters in a line, so that `\s` is a space;
/// raw lines lose only '\n'.
enum class LineText : uint8_t { kDecoded, kRaw };

/// Rewrites a regular expression so that no part of it can match '\n', which separates the lines of a record: negated
/// classes, \s, \W, \D and their like lose it; dot-all and multi-line switches are dropped (a line has no line breaks, and
/// `^` and `$` mean its ends). Control characters that stand for whitespace also match a space, since decoding maps them to
/// one. What cannot be made safe (\C, \X, \p, \K, verbs) is an error.
Result<std::string> rewrite_for_lines(std::string_view pattern, LineText text);

/// A rewritten expression that ends where the first match of the given one ends, without what may go on behind that: "x{4,}" as
/// "x{4}". The matching library reports each end that a match can have, and only the first counts.
std::string with_first_end(std::string_view regex);

/// Does a rewritten expression hold \b?
bool has_word_boundary(std::string_view regex);

/// True if a rewritten expression names the mark of a line break.
bool asks_for_line_break(std::string_view regex);

/// A rewritten expression for PCRE2 whose \b knows UTF-8: letters beyond ASCII are word characters, punctuation, symbols and
/// replacement characters are none. The matching library's \b takes every byte beyond ASCII for punctuation ("Ha|ß|elt").
std::string with_utf8_boundaries(std::string_view regex);

/// "\xNN" for each byte: a literal that no regex dialect misreads.
void append_literal(std::string& out, std::string_view bytes);

}  // namespace weir
