#pragma once

#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"

namespace weir {

/// How alerts are written when they leave weir. One for all lanes: calls have no side effects.
class AlertEncoder {
 public:
  virtual ~AlertEncoder() = default;

  /// The message's value, on one line. The same alert gives the same bytes.
  [[nodiscard]] virtual std::string value_of(const Alert& alert) const = 0;
  /// The headers that go with it where messages have some, as in Kafka.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> headers_of(const Alert& alert) const = 0;
};

}  // namespace weir
