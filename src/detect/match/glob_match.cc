#include "detect/match/glob_match.h"

#include "base/ascii.h"

namespace weir {
namespace {

using Kind = StringPart::Kind;

bool equal(std::string_view a, std::string_view b, LetterCase letter_case) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (letter_case == LetterCase::kMatters ? a[i] != b[i] : to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

}  // namespace

bool glob_match(const PatternString& pattern, std::string_view text, LetterCase letter_case) {
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
      matched = at + length <= text.size() &&
                (p.kind == Kind::kAnyOne || equal(text.substr(at, length), p.text, letter_case));
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
