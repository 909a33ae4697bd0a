#include "app/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/hex.h"
#include "base/utf8.h"

namespace weir {

Palette Palette::for_stream(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return Palette(isatty(file_descriptor) == 1 && (no_color == nullptr || *no_color == '\0'));
}

std::string Palette::wrap(const char* code, std::string_view text) const {
  if (!enabled_) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

size_t terminal_width(int file_descriptor) {
  winsize size{};
  if (::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long width = columns == nullptr ? 0 : std::strtol(columns, nullptr, 10);
  return width > 0 && width < 10'000 ? static_cast<size_t>(width) : 80;
}

std::string with_separators(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, ",");
  return digits;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    size_t taken = 1;
    if (byte >= 0x80) {
      const Utf8Step step = read_utf8(text);
      // U+0080 to U+009F are control characters too; some terminals act on them.
      const bool is_shown = step.bytes > 0 && step.code_point >= 0xa0;
      out += is_shown ? text.substr(0, step.bytes) : std::string_view("\xef\xbf\xbd");
      taken = std::max<size_t>(step.bytes, 1);
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      append_hex(out, byte);
    } else {
      out += text.front();
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace weir
