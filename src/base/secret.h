#pragma once

#include <string>
#include <utility>

namespace weir {

/// A value that must not reach a log, a metric or an error text. It has no output operator and no implicit conversion;
/// whoever needs the bytes says so by calling reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace weir
