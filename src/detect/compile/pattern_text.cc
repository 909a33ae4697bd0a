#include "detect/compile/pattern_text.h"

#include "detect/compile/regex_rewrite.h"

namespace weir {
namespace {

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal(std::string_view a, std::string_view b, bool cased) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (cased ? a[i] != b[i] : fold(a[i]) != fold(b[i])) return false;
  return true;
}

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

std::optional<std::string> regex_of(const PatternString& pattern, bool named_lines) {
  size_t begin = front_open(pattern) ? 1 : 0;
  size_t end = pattern.size();
  if (back_open(pattern) && end > begin) --end;
  if (begin >= end) return std::nullopt;
  std::string regex;
  if (!front_open(pattern)) regex = named_lines ? "^(?:[^=\\n]*=)?" : "^";
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

bool glob_match(const PatternString& pattern, std::string_view text, bool cased) {
  size_t part = 0;
  size_t at = 0;
  size_t star = pattern.size();  // the last '*' seen, to fall back to
  size_t retry = 0;
  for (;;) {
    if (part < pattern.size() && pattern[part].kind == Kind::kAnyMany) {
      star = part++;
      retry = at;
      continue;
    }
    bool matched = part == pattern.size() && at == text.size();
    if (matched) return true;
    if (part < pattern.size()) {
      const StringPart& p = pattern[part];
      const size_t length = p.kind == Kind::kAnyOne ? 1 : p.text.size();
      matched =
          at + length <= text.size() && (p.kind == Kind::kAnyOne || equal(text.substr(at, length), p.text, cased));
      if (matched) {
        at += length;
        ++part;
        continue;
      }
    }
    if (star == pattern.size() || retry >= text.size()) return false;
    at = ++retry;
    part = star + 1;
  }
}

}  // namespace weir
