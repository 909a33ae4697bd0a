#include "detect/compile/pattern_text.h"

#include "detect/compile/regex_rewrite.h"

namespace weir {
namespace {

using Kind = StringPart::Kind;

bool front_open(const PatternString& pattern) {
  return !pattern.empty() && pattern.front().kind == Kind::kAnyMany;
}
bool back_open(const PatternString& pattern) {
  return !pattern.empty() && pattern.back().kind == Kind::kAnyMany;
}

}  // namespace

bool is_open(const PatternString& pattern) {
  return front_open(pattern) && back_open(pattern);
}

std::optional<std::string> regex_of(const PatternString& pattern, const FieldTarget& field) {
  size_t begin = front_open(pattern) ? 1 : 0;
  size_t end = pattern.size();
  if (back_open(pattern) && end > begin) --end;
  if (begin >= end) return std::nullopt;
  std::string regex;
  if (!front_open(pattern)) regex = field.named_lines ? "^(?:[^=\\n]*=)?" : "^";
  for (size_t i = begin; i < end; ++i) {
    if (pattern[i].kind == Kind::kAnyOne)
      regex += ".";
    else if (pattern[i].kind == Kind::kAnyMany)
      regex += ".*";
    else
      append_literal(regex, pattern[i].text);
  }
  if (!back_open(pattern)) regex += "$";
  return regex;
}

}  // namespace weir
