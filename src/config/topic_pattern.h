#pragma once

#include <regex.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace weir {

/// A pattern for names of topics: POSIX extended, as the Kafka client library understands it, so that both agree.
class TopicPattern {
 public:
  /// The error says what is wrong with it.
  static Result<TopicPattern> compile(const std::string& pattern);

  /// Any thread.
  [[nodiscard]] bool matches(const std::string& topic) const;

 private:
  explicit TopicPattern(std::shared_ptr<const regex_t> expression) : expression_(std::move(expression)) {}

  std::shared_ptr<const regex_t> expression_;
};

}  // namespace weir
