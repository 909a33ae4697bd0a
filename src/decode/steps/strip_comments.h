#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// What the comments of a text look like, before they are stripped.
struct CommentSurvey {
  bool any = false;           ///< some closed comment
  bool hides_text = false;    ///< some comment has content that stripping would erase
  bool splits_words = false;  ///< some comment stands between two word characters, as in "UNION/**/SELECT"
};

/// Looks for closed C-style comments; linear. A file-name pattern ("/a/*/b/*/c") or a list of media types counts as a
/// comment here too, but does not count as splitting words: its content starts or ends with a slash.
CommentSurvey survey_comments(std::string_view text);

/// Replaces each closed comment by one space, in place; of MySQL's conditional comments (/*!50000 … */, /*M! … */) only
/// the brackets, since the server executes what is in them. An unclosed comment stays. Returns the new size. Linear.
size_t strip_comments(char* text, size_t size);

}  // namespace weir
