#include "app/terminal/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace weir {

Palette Palette::for_stream(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return Palette(isatty(file_descriptor) == 1 && (no_color == nullptr || *no_color == '\0'));
}

std::string Palette::wrap(const char* code, std::string_view text) const {
  if (!enabled_) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

std::string with_separators(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, ",");
  return digits;
}

namespace {

/// Length of the well-formed UTF-8 sequence at the front (2 to 4 bytes), or 0. Overlong forms are refused by the bounds of
/// the second byte (RFC 3629, section 4).
size_t multibyte_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead >= 0xc2 && lead <= 0xdf && tail(1)) return 2;
  if (lead >= 0xe0 && lead <= 0xef && tail(1) && tail(2)) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4 && tail(1) && tail(2) && tail(3)) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90;
    const bool too_large = lead == 0xf4 && byte(1) > 0x8f;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    size_t taken = 1;
    if (byte >= 0x80) {
      const size_t length = multibyte_length(text);
      // U+0080 to U+009F are control characters too; some terminals act on them.
      const bool is_control = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
      if (length == 0 || is_control) {
        out += "\xef\xbf\xbd";
      } else {
        out += text.substr(0, length);
      }
      if (length > 0) taken = length;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += text.front();
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace weir
