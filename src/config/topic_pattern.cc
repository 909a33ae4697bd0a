#include "config/topic_pattern.h"

#include <array>
#include <utility>

namespace weir {

Result<TopicPattern> TopicPattern::compile(const std::string& pattern) {
  auto expression = std::make_unique<regex_t>();
  if (const int code = regcomp(expression.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB); code != 0) {
    std::array<char, 256> text{};
    regerror(code, expression.get(), text.data(), text.size());
    return fail(ErrorCode::kInvalidArgument, "config", text.data());
  }
  return TopicPattern(std::shared_ptr<const regex_t>(expression.release(), [](const regex_t* compiled) {
    auto* owned = const_cast<regex_t*>(compiled);  // regfree wants what regcomp made
    regfree(owned);
    delete owned;
  }));
}

bool TopicPattern::matches(const std::string& topic) const {
  return regexec(expression_.get(), topic.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace weir
