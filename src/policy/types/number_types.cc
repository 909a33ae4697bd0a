#include "policy/types/number_types.h"

#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "policy/types/json_type.h"

namespace weir {
namespace {

Fault check_bounds(double number, const ValueForm& form) {
  if (form.min && number < *form.min) return "below the minimum";
  if (form.max && number > *form.max) return "above the maximum";
  return {};
}

}  // namespace

Fault check_integer(std::string_view value, const ValueForm& form) {
  const std::string_view digits = value.starts_with('-') ? value.substr(1) : value;
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0') || value == "-0") return "no whole number";
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc::result_out_of_range) return "beyond 64 bits";
  if (error != std::errc{} || end != value.data() + value.size()) return "no whole number";
  return check_bounds(static_cast<double>(number), form);
}

Fault check_number(std::string_view value, const ValueForm& form) {
  const bool starts = !value.empty() && (value[0] == '-' || is_ascii_digit(value[0]));
  const bool ends = !value.empty() && is_ascii_digit(value.back());
  if (!starts || !ends || !check_json(value, {}).empty()) return "no number";
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || !std::isfinite(number)) return "no number";
  return check_bounds(number, form);
}

}  // namespace weir
