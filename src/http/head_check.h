#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// Looks over a request's head as it arrives, for what RFC 9112 says a server must refuse because two programs could read it
/// differently: a CR without its LF, folded lines, a header without a colon or with a blank before it, control characters, and a
/// Host that is missing or comes twice. The library that parses the head lets these pass.
class HeadCheck {
 public:
  /// The next bytes, in pieces of any size. False when the head is malformed, from then on; what comes after the head is not looked at.
  bool accept(std::string_view bytes);
  /// Headers that have ended so far.
  [[nodiscard]] size_t headers() const { return line_ == 0 ? 0 : line_ - 1; }

 private:
  bool accept(char c);
  bool end_line();

  bool malformed_ = false;
  bool over_ = false;
  bool after_cr_ = false;
  bool in_value_ = false;    // behind a header's colon
  bool needs_host_ = false;  // HTTP/1.1
  size_t line_ = 0;          // 0: the request line
  size_t column_ = 0;
  size_t hosts_ = 0;
  size_t name_matches_ = 0;          // letters of the name that are those of "host"
  char before_last_ = 0, last_ = 0;  // of the request line: its version
};

}  // namespace weir
