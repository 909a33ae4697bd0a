#pragma once

#include <string>
#include <vector>

#include "base/catch.h"
#include "policy/types/value_check.h"

namespace weir::testing {

/// Checks every value of a validator's two tables and that there are enough of each.
inline void check_tables(const std::vector<std::string>& valid, const std::vector<std::string>& invalid,
                         const ValueForm& form) {
  CHECK(valid.size() >= 40);
  CHECK(invalid.size() >= 40);
  for (const auto& value : valid) {
    INFO("valid: " << value);
    CHECK(std::string(check_value(value, form)) == "");
  }
  for (const auto& value : invalid) {
    INFO("invalid: " << value);
    CHECK_FALSE(check_value(value, form).empty());
  }
}

inline ValueForm form_of(ValueType type) {
  ValueForm form;
  form.type = type;
  return form;
}

inline std::string repeated(const std::string& text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

}  // namespace weir::testing
