#include "detect/compile/required_bytes.h"

#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "base/hex.h"

namespace weir {
namespace {

constexpr int kDepthMax = 64;

/// The empty set stands for "nothing is required", which is dearer than any set.
unsigned cost_of(const ByteSet& set) {
  if (set.none()) return kNotTelling;
  unsigned cost = 0;
  for (size_t byte = 0; byte < 256 && cost < kNotTelling; ++byte) {
    if (set[byte]) cost += kRarity[byte];
  }
  return cost;
}

/// Recursive descent over the expression. Each function gives what a match of the part it read requires, as a set; a failure
/// to understand sets failed_ and makes the whole result empty.
class Reader {
 public:
  explicit Reader(std::string_view regex) : regex_(regex) {}

  ByteSet run() {
    const ByteSet required = alternation(0);
    return failed_ || at_ != regex_.size() || cost_of(required) >= kNotTelling ? ByteSet{} : required;
  }

 private:
  [[nodiscard]] bool more() const { return at_ < regex_.size(); }
  [[nodiscard]] char peek() const { return regex_[at_]; }
  bool take(std::string_view text) {
    if (regex_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }

  ByteSet fail() {
    failed_ = true;
    at_ = regex_.size();
    return {};
  }

  ByteSet alternation(int depth) {
    if (depth > kDepthMax) return fail();
    ByteSet required = sequence(depth);
    bool every_branch_requires = required.any();
    while (more() && peek() == '|') {
      ++at_;
      const ByteSet branch = sequence(depth);
      every_branch_requires = every_branch_requires && branch.any();
      required |= branch;
    }
    return every_branch_requires ? required : ByteSet{};
  }

  ByteSet sequence(int depth) {
    ByteSet best;
    while (more() && peek() != '|' && peek() != ')') {
      const ByteSet required = repeated(depth);
      if (cost_of(required) < cost_of(best)) best = required;
    }
    return best;
  }

  /// An atom with its quantifier: what may be absent requires nothing.
  ByteSet repeated(int depth) {
    const ByteSet required = atom(depth);
    bool may_be_absent = false;
    if (more() && (peek() == '*' || peek() == '?' || peek() == '+')) {
      may_be_absent = peek() != '+';
      ++at_;
    } else if (const auto least = braces()) {
      may_be_absent = *least == 0;
    } else {
      return required;
    }
    if (more() && (peek() == '?' || peek() == '+')) ++at_;  // lazy or possessive
    return may_be_absent ? ByteSet{} : required;
  }

  /// The lower bound of {m}, {m,} or {m,n}; nothing, and nothing read, if it is no quantifier.
  std::optional<unsigned> braces() {
    if (!more() || peek() != '{') return std::nullopt;
    size_t i = at_ + 1;
    unsigned least = 0;
    const size_t first = i;
    for (; i < regex_.size() && regex_[i] >= '0' && regex_[i] <= '9' && i - first < 6; ++i)
      least = least * 10 + static_cast<unsigned>(regex_[i] - '0');
    if (i == first) return std::nullopt;
    if (i < regex_.size() && regex_[i] == ',') {
      ++i;
      while (i < regex_.size() && regex_[i] >= '0' && regex_[i] <= '9')
        ++i;
    }
    if (i >= regex_.size() || regex_[i] != '}') return std::nullopt;
    at_ = i + 1;
    return least;
  }

  ByteSet atom(int depth) {
    const char c = regex_[at_];
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return character_class();
      case '\\':
        return escape();
      case '^':
      case '$':
        ++at_;
        return {};
      case '.':
        ++at_;
        return everything();
      case '*':
      case '+':
      case '?':
        return fail();
      default:
        ++at_;
        return single(static_cast<unsigned char>(c));
    }
  }

  ByteSet group(int depth) {
    ++at_;
    bool is_assertion = false;
    if (take("?=") || take("?!") || take("?<=") || take("?<!"))
      is_assertion = true;
    else if (take("?:") || take("?>"))
      is_assertion = false;
    else if (more() && peek() == '?')
      return fail();  // named groups, inline flags: not understood
    const ByteSet required = alternation(depth + 1);
    if (failed_ || !take(")")) return fail();
    return is_assertion ? ByteSet{} : required;
  }

  static ByteSet single(unsigned char byte) {
    ByteSet set;
    set.set(byte);
    return set;
  }
  static ByteSet everything() { return ByteSet{}.set(); }

  static ByteSet range(unsigned first, unsigned last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; ++byte)
      set.set(byte);
    return set;
  }
  static ByteSet digits() { return range('0', '9'); }
  static ByteSet words() { return digits() | range('a', 'z') | range('A', 'Z') | single('_'); }
  static ByteSet spaces() { return range('\t', '\r') | single(' '); }

  /// A backslash and what follows. Assertions require nothing; what is not known fails.
  ByteSet escape() {
    ++at_;
    if (!more()) return fail();
    const char c = regex_[at_++];
    switch (c) {
      case 'd':
        return digits();
      case 'D':
        return ~digits();
      case 'w':
        return words();
      case 'W':
        return ~words();
      case 's':
        return spaces();
      case 'S':
        return ~spaces();
      case 'h':
        return single(' ') | single('\t');
      case 'b':
      case 'B':
      case 'A':
      case 'z':
      case 'Z':
        return {};
      case 'n':
        return single('\n');
      case 'r':
        return single('\r');
      case 't':
        return single('\t');
      case 'f':
        return single('\f');
      case 'v':
        return range('\n', '\r');
      case 'a':
        return single('\a');
      case 'e':
        return single(0x1b);
      case 'x': {
        if (at_ + 2 > regex_.size() || hex_value(regex_[at_]) < 0 || hex_value(regex_[at_ + 1]) < 0) return fail();
        const auto byte = static_cast<unsigned char>(hex_value(regex_[at_]) * 16 + hex_value(regex_[at_ + 1]));
        at_ += 2;
        return single(byte);
      }
      default:
        break;
    }
    return is_ascii_alphanumeric(c) ? fail() : single(static_cast<unsigned char>(c));
  }

  ByteSet character_class() {
    ++at_;
    const bool negated = take("^");
    ByteSet set;
    for (bool first = true; more() && (first || peek() != ']'); first = false) {
      if (regex_.substr(at_, 2) == "[:") return fail();  // POSIX classes: not understood
      const ByteSet low = member();
      if (failed_) return {};
      const bool is_range = at_ + 1 < regex_.size() && peek() == '-' && regex_[at_ + 1] != ']' && low.count() == 1;
      if (!is_range) {
        set |= low;
        continue;
      }
      ++at_;
      const ByteSet high = member();
      if (failed_ || high.count() != 1) return fail();
      set |= range(static_cast<unsigned>(low._Find_first()), static_cast<unsigned>(high._Find_first()));
    }
    if (!take("]")) return fail();
    return negated ? ~set : set;
  }

  ByteSet member() {
    if (!more()) return fail();
    if (peek() != '\\') return single(static_cast<unsigned char>(regex_[at_++]));
    if (regex_.substr(at_, 2) == "\\b") {
      at_ += 2;
      return single('\b');
    }
    return escape();
  }

  std::string_view regex_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

ByteSet required_bytes(std::string_view regex) {
  return Reader(regex).run();
}

}  // namespace weir
