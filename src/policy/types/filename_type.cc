#include "policy/types/filename_type.h"

#include <array>

#include "base/ascii.h"
#include "base/utf8.h"
#include "policy/header_search.h"
#include "policy/types/deceptive.h"

namespace weir {
namespace {

constexpr size_t kFilenameBytesMax = 255;

/// The names that Windows keeps for devices, whatever extension follows.
bool is_device(std::string_view name) {
  std::string_view stem = name.substr(0, name.find('.'));
  while (stem.ends_with(' '))
    stem.remove_suffix(1);
  for (const std::string_view device : {"con", "prn", "aux", "nul"})
    if (equals_without_case(stem, device)) return true;
  const bool numbered = stem.size() == 4 && stem[3] >= '0' && stem[3] <= '9';
  return numbered && (equals_without_case(stem.substr(0, 3), "com") || equals_without_case(stem.substr(0, 3), "lpt"));
}

/// U+2215, U+2044, U+FF0F and U+FF3C look like slashes and are folded to them by some systems.
bool is_slash_like(uint32_t c) {
  return c == 0x2215 || c == 0x2044 || c == 0xff0f || c == 0xff3c;
}

bool is_safe(uint32_t c) {
  if (c >= 0x80) return !is_deceptive(c) && !is_slash_like(c);
  const char byte = static_cast<char>(c);
  return is_word_byte(byte) || std::string_view(" .-+(),@=~[]").find(byte) != std::string_view::npos;
}

}  // namespace

Fault check_filename(std::string_view value) {
  if (value.empty()) return "empty";
  if (value.size() > kFilenameBytesMax) return "longer than 255 bytes";
  if (value.find_first_of("/\\") != std::string_view::npos) return "a path, not a name";
  for (size_t at = 0; at < value.size();) {
    const Utf8Step step = read_utf8(value.substr(at));
    if (step.bytes == 0) return "not UTF-8";
    if (!is_safe(step.code_point)) return "a character that is not safe in names";
    at += step.bytes;
  }
  if (value.front() == '.' || value.front() == '-' || value.front() == ' ' || value.front() == '~')
    return "an unsafe start";
  if (value.back() == '.' || value.back() == ' ') return "an unsafe end";
  if (is_device(value)) return "a device's name";
  return {};
}

}  // namespace weir
