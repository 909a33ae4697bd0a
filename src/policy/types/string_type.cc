#include "policy/types/string_type.h"

#include "base/ascii.h"
#include "base/utf8.h"

namespace weir {
namespace {

bool is_special(uint32_t c) {
  return c > 0x20 && c < 0x7f && !is_ascii_letter(static_cast<char>(c)) && !is_ascii_digit(static_cast<char>(c));
}

bool is_control(uint32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
}

}  // namespace

Fault check_string(std::string_view value, const ValueForm& form) {
  size_t characters = 0;
  for (size_t at = 0; at < value.size(); ++characters) {
    if (is_ascii_alphanumeric(value[at])) {
      ++at;
      continue;
    }
    const Utf8Step step = read_utf8(value.substr(at));
    if (step.bytes == 0) return "not UTF-8";
    if (is_control(step.code_point)) return "a control character";
    if (form.special_characters && is_special(step.code_point) &&
        form.special_characters->find(static_cast<char>(step.code_point)) == std::string::npos)
      return "a special character that is not allowed";
    at += step.bytes;
  }
  if (form.length_min && characters < *form.length_min) return "shorter than allowed";
  if (form.length_max && characters > *form.length_max) return "longer than allowed";
  return {};
}

}  // namespace weir
