#include "decode/steps/strip_controls.h"

#include <array>
#include <string_view>

#include "base/ascii.h"
#include "decode/decoded_record.h"

namespace weir {
namespace {

/// What response splitting and header injection write behind a line break, in lower case.
constexpr std::array<std::string_view, 10> kHeaderStarts = {
    "set-cookie:",    "location:",        "content-type:", "content-length:",      "http/1.",
    "transfer-encod", "x-forwarded-for:", "refresh:",      "content-disposition:", "access-control-allow-"};

bool starts_like_header(std::string_view text) {
  for (const std::string_view start : kHeaderStarts) {
    if (text.size() < start.size()) continue;
    size_t same = 0;
    while (same < start.size() && to_lower(text[same]) == start[same])
      ++same;
    if (same == start.size()) return true;
  }
  return false;
}

}  // namespace

ControlPass strip_controls(char* text, size_t size) {
  ControlPass pass;
  char* to = text;
  for (size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != 0x7f) {
      *to++ = text[i];
      continue;
    }
    if (byte == 0) {
      pass.null_byte = true;
      continue;
    }
    if (text[i] == kLineBreakMark) {
      *to++ = kLineBreakMark;
      continue;
    }
    pass.control = true;
    if (byte != '\r' && byte != '\n') {
      *to++ = ' ';
      continue;
    }
    pass.line_break = true;
    if (byte == '\r' && i + 1 < size && text[i + 1] == '\n') ++i;
    pass.header_after_break |= starts_like_header({text + i + 1, size - i - 1});
    *to++ = kLineBreakMark;
  }
  pass.size = static_cast<size_t>(to - text);
  return pass;
}

}  // namespace weir
