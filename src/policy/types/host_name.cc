#include "policy/types/host_name.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "policy/types/deceptive.h"

namespace weir {
namespace {

constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
  for (size_t at = 0; at < label.size();) {
    const Utf8Step step = read_utf8(label.substr(at));
    if (step.bytes == 0) return false;
    const bool good = step.code_point < 0x80
                          ? is_ascii_letter(label[at]) || is_ascii_digit(label[at]) || label[at] == '-'
                          : !is_deceptive(step.code_point);
    if (!good) return false;
    at += step.bytes;
  }
  return true;
}

bool is_octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  int value = 0;
  for (const char c : text) {
    if (!is_ascii_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

/// Calls `good` for each piece between dots; false if any is not, or there are other than `wanted` (0: any number).
template <typename Good>
bool each_piece(std::string_view text, size_t wanted, Good good) {
  size_t pieces = 0;
  while (true) {
    const size_t dot = text.find('.');
    ++pieces;
    if (!good(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return wanted == 0 || pieces == wanted;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool is_host_name(std::string_view name) {
  return name.size() <= kNameBytesMax && each_piece(name, 0, is_label);
}

bool is_dotted_ipv4(std::string_view text) {
  return each_piece(text, 4, is_octet);
}

}  // namespace weir
