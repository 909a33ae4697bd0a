#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Colours for people: on when the stream is a terminal and NO_COLOR is not set.
class Palette {
 public:
  static Palette for_stream(int file_descriptor);

  [[nodiscard]] std::string bold(std::string_view text) const { return wrap("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return wrap("2", text); }
  [[nodiscard]] std::string red(std::string_view text) const { return wrap("31", text); }
  [[nodiscard]] std::string green(std::string_view text) const { return wrap("32", text); }
  [[nodiscard]] std::string yellow(std::string_view text) const { return wrap("33", text); }
  [[nodiscard]] std::string magenta(std::string_view text) const { return wrap("35", text); }
  [[nodiscard]] std::string cyan(std::string_view text) const { return wrap("36", text); }

 private:
  explicit Palette(bool enabled) : enabled_(enabled) {}
  [[nodiscard]] std::string wrap(const char* code, std::string_view text) const;

  bool enabled_;
};

/// Characters on a line of the terminal, or what COLUMNS says; 80 where neither is known.
size_t terminal_width(int file_descriptor);

/// "1,234,567".
std::string with_separators(uint64_t number);

/// Makes untrusted text safe to print: control and escape characters become visible forms, invalid UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);

}  // namespace weir
