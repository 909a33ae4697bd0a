#pragma once

#include <string>
#include <string_view>

#include "event/text/text_format.h"

namespace weir {

/// Undoes what a source did to a field so that it fits into the line. One per event storage: the texts it hands out are
/// valid until the next start().
class TextUnescaper {
 public:
  /// Forgets the texts of the line before and makes room for those of this one. What read() is given then are parts of it.
  void start(std::string_view line);

  /// The text itself where nothing is to undo. `text` must be UTF-8; what becomes none (\xff) is repaired. An escape that
  /// is incomplete or unknown stays as it is.
  std::string_view read(std::string_view text, TextEscape escape);

  /// Whether a byte that is no UTF-8 was replaced by U+FFFD since start().
  [[nodiscard]] bool repaired() const { return repaired_; }

 private:
  std::string buffer_;   // never longer than what it was read from: the shortest escape has as many bytes as U+FFFD
  std::string scratch_;  // of one text
  bool repaired_ = false;
  bool has_backslash_ = false;  // the line, so that its fields need not be asked
};

}  // namespace weir
