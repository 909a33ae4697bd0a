#include "detect/compile/regex_rewrite.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <optional>

#include "base/hex.h"
#include "base/line_break_mark.h"

namespace weir {
namespace {

using ByteSet = std::bitset<256>;

void append_escape(std::string& out, unsigned byte) {
  out += "\\x";
  append_hex(out, static_cast<uint8_t>(byte));
}

template <typename Predicate>
ByteSet set_of(Predicate predicate) {
  ByteSet set;
  for (unsigned byte = 0; byte < 256; ++byte)
    if (predicate(byte)) set.set(byte);
  return set;
}

bool ascii(unsigned byte) {
  return byte < 128;
}
bool is_space(unsigned byte) {
  return byte == ' ' || (byte >= 9 && byte <= 13);
}
bool is_word(unsigned byte) {
  return ascii(byte) && (std::isalnum(static_cast<int>(byte)) != 0 || byte == '_');
}
bool is_digit(unsigned byte) {
  return byte >= '0' && byte <= '9';
}
bool is_horizontal(unsigned byte) {
  return byte == 9 || byte == ' ' || byte == 0xa0;
}
bool is_vertical(unsigned byte) {
  return (byte >= 10 && byte <= 13) || byte == 0x85;
}

/// The bytes of \d, \W and so on; nothing for other letters.
std::optional<ByteSet> shorthand(char letter) {
  switch (letter) {
    case 'd':
      return set_of(is_digit);
    case 'D':
      return ~set_of(is_digit);
    case 'w':
      return set_of(is_word);
    case 'W':
      return ~set_of(is_word);
    case 's':
      return set_of(is_space);
    case 'S':
      return ~set_of(is_space);
    case 'h':
      return set_of(is_horizontal);
    case 'H':
      return ~set_of(is_horizontal);
    case 'v':
      return set_of(is_vertical);
    case 'V':
      return ~set_of(is_vertical);
    default:
      return std::nullopt;
  }
}

std::optional<ByteSet> posix_class(std::string_view name) {
  const auto of = [](int (*predicate)(int)) {
    return set_of([&](unsigned byte) { return ascii(byte) && predicate(static_cast<int>(byte)) != 0; });
  };
  if (name == "alpha") return of(std::isalpha);
  if (name == "digit") return of(std::isdigit);
  if (name == "alnum") return of(std::isalnum);
  if (name == "upper") return of(std::isupper);
  if (name == "lower") return of(std::islower);
  if (name == "space") return of(std::isspace);
  if (name == "blank") return of(std::isblank);
  if (name == "punct") return of(std::ispunct);
  if (name == "print") return of(std::isprint);
  if (name == "graph") return of(std::isgraph);
  if (name == "cntrl") return of(std::iscntrl);
  if (name == "xdigit") return of(std::isxdigit);
  if (name == "word") return set_of(is_word);
  if (name == "ascii") return set_of(ascii);
  return std::nullopt;
}

class Rewriter {
 public:
  Rewriter(std::string_view pattern, LineText text) : in_(pattern), decoded_(text == LineText::kDecoded) {}

  Result<std::string> run() {
    while (position_ < in_.size() && error_.empty())
      step();
    if (!error_.empty()) return fail(ErrorCode::kUnsupported, "rules", error_);
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool at(std::string_view text) const { return in_.substr(position_).starts_with(text); }
  void refuse(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

  void step() {
    const char c = in_[position_];
    if (c == '\\') return escape();
    if (c == '[') return char_class();
    if (at("(*")) return refuse("verbs '(*…)' are not supported in a regular expression");
    if (at("(?#")) return comment();
    if (at("(?")) return group();
    ++position_;
    if (c == '\n')
      out_ += "\\x20";
    else if (static_cast<uint8_t>(c) >= 0x80 || c == '\0')
      append_escape(out_, static_cast<uint8_t>(c));
    else
      out_.push_back(c);
  }

  void comment() {
    const size_t end = in_.find(')', position_);
    if (end == std::string_view::npos) return refuse("a comment '(?#' is not closed");
    position_ = end + 1;
  }

  /// "(?flags)" and "(?flags:": without s and m. Every other group is copied as far as "(?".
  void group() {
    size_t end = position_ + 2;
    while (end < in_.size() && (std::isalpha(static_cast<unsigned char>(in_[end])) != 0 || in_[end] == '-'))
      ++end;
    const bool flags = end < in_.size() && (in_[end] == ')' || in_[end] == ':') && in_[position_ + 2] != 'P' &&
                       in_[position_ + 2] != 'R';
    if (!flags) {
      out_ += "(?";
      position_ += 2;
      return;
    }
    std::string kept;
    for (const char c : in_.substr(position_ + 2, end - position_ - 2))
      if (c != 's' && c != 'm') kept.push_back(c);
    if (kept.find('x') != std::string::npos) return refuse("the extended form '(?x)' is not supported");
    if (kept == "-") kept.clear();
    if (kept.ends_with('-')) kept.pop_back();
    if (in_[end] == ':')
      out_ += "(?" + kept + ":";
    else if (!kept.empty())
      out_ += "(?" + kept + ")";
    position_ = end + 1;
  }

  void escape() {
    if (position_ + 1 >= in_.size()) return refuse("the regular expression ends with a backslash");
    const char c = in_[position_ + 1];
    if (c == 'Q') return quoted();
    if (const auto byte = byte_escape()) return append_byte(*byte);
    position_ += 2;
    if (const auto set = shorthand(c)) {
      if (c == 'd' || c == 'w' || c == 'S')
        out_ += std::string("\\") + c;
      else
        append_set(*set);
      return;
    }
    switch (c) {
      case 'A':
        out_ += "^";
        return;
      case 'z':
      case 'Z':
        out_ += "$";
        return;
      case 'R':
        out_ += "\\x20";
        return;
      case 'N':
        out_ += ".";
        return;
      case 'E':
        return;
      case 'C':
      case 'X':
      case 'p':
      case 'P':
      case 'K':
      case 'G':
      case 'o':
      case 'c':
        return refuse(std::string("'\\") + c + "' is not supported in a regular expression");
      default:
        out_.push_back('\\');
        if (static_cast<uint8_t>(c) >= 0x80 || c == '\n') {
          out_.pop_back();
          append_byte(static_cast<uint8_t>(c));
        } else {
          out_.push_back(c);
        }
    }
  }

  void quoted() {
    const size_t begin = position_ + 2;
    const size_t end = in_.find("\\E", begin);
    append_literal(out_, in_.substr(begin, end == std::string_view::npos ? end : end - begin));
    position_ = end == std::string_view::npos ? in_.size() : end + 2;
  }

  /// \n \r \t \f \a \e \xHH \x{HH} \0oo at the position: consumes it and gives the byte.
  std::optional<unsigned> byte_escape() {
    const char c = in_[position_ + 1];
    static constexpr std::string_view kLetters = "nrtfae";
    static constexpr std::array<unsigned, 6> kBytes = {10, 13, 9, 12, 7, 27};
    if (const size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      position_ += 2;
      return kBytes[letter];
    }
    if (c == 'x') return hex_escape();
    if (c != '0') return std::nullopt;
    unsigned value = 0;
    size_t i = position_ + 1;
    for (; i < in_.size() && i < position_ + 4 && in_[i] >= '0' && in_[i] <= '7'; ++i)
      value = value * 8 + static_cast<unsigned>(in_[i] - '0');
    position_ = i;
    return value & 255U;
  }

  unsigned hex_escape() {
    const bool braces = position_ + 2 < in_.size() && in_[position_ + 2] == '{';
    size_t i = position_ + (braces ? 3 : 2);
    unsigned value = 0;
    const size_t end = braces ? in_.size() : std::min(in_.size(), i + 2);
    for (; i < end && std::isxdigit(static_cast<unsigned char>(in_[i])) != 0; ++i) {
      value = value * 16 + static_cast<unsigned>(in_[i] <= '9' ? in_[i] - '0' : (in_[i] | 32) - 'a' + 10);
      if (value > 255) refuse("a character above \\x{ff} is not supported: write its UTF-8 bytes");
    }
    if (braces && (i >= in_.size() || in_[i] != '}')) refuse("'\\x{' is not closed");
    position_ = i + (braces ? 1 : 0);
    return value & 255U;
  }

  /// A byte that decoding maps to a space also matches a space; '\n' itself never stands on a line.
  void append_byte(unsigned byte) {
    if (byte == '\n' || (decoded_ && byte >= 9 && byte <= 13)) {
      out_ += "\\x20";
    } else if (byte >= 9 && byte <= 13) {
      out_ += "[\\x20";
      append_escape(out_, byte);
      out_.push_back(']');
    } else {
      append_escape(out_, byte);
    }
  }

  /// A set without what cannot stand on a line: smaller sets make longer literals and smaller automata.
  [[nodiscard]] ByteSet on_lines(ByteSet set) const {
    set.reset('\n');
    if (!decoded_) return set;
    const ByteSet controls = set_of([](unsigned byte) { return byte < 0x20 || byte == 0x7f; });
    return (set & ~controls).none() ? set : set & ~controls;
  }

  void append_set(const ByteSet& all) {
    const ByteSet set = on_lines(all);
    const bool single = set.count() == 1;
    if (!single) out_.push_back('[');
    append_ranges(set);
    if (!single) out_.push_back(']');
  }

  void append_ranges(const ByteSet& set) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (!set[byte]) continue;
      unsigned last = byte;
      while (last + 1 < 256 && set[last + 1])
        ++last;
      append_escape(out_, byte);
      if (last > byte) {
        if (last > byte + 1) out_.push_back('-');
        append_escape(out_, last);
      }
      byte = last;
    }
  }

  void char_class() {
    ++position_;
    const bool negated = position_ < in_.size() && in_[position_] == '^';
    if (negated) ++position_;
    ByteSet set;
    bool maps_to_space = false;
    for (bool first = true;; first = false) {
      if (position_ >= in_.size()) return refuse("a character class is not closed");
      if (in_[position_] == ']' && !first) break;
      if (!class_element(set, maps_to_space)) return;
    }
    ++position_;
    if (negated) {
      ByteSet excluded = set.none() ? set : on_lines(set);
      excluded.set('\n');
      out_ += "[^";
      append_ranges(excluded);
      out_.push_back(']');
      return;
    }
    if (maps_to_space) set.set(' ');
    set.reset('\n');
    // A class that can match nothing would be misread by the library; such a rule is a mistake.
    if (set.none()) return refuse("a character class matches nothing");
    append_set(set);
  }

  bool class_element(ByteSet& set, bool& maps_to_space) {
    if (at("[:")) {
      if (const size_t end = in_.find(":]", position_ + 2); end != std::string_view::npos) return posix(end, set);
    }
    if (at("[.") || at("[=")) {
      refuse("collating elements are not supported");
      return false;
    }
    if (in_[position_] == '\\' && position_ + 1 < in_.size()) {
      if (const auto many = shorthand(in_[position_ + 1])) {
        set |= *many;
        position_ += 2;
        return true;
      }
    }
    const auto low = class_byte();
    if (!low) return false;
    if (position_ + 1 < in_.size() && in_[position_] == '-' && in_[position_ + 1] != ']') {
      const size_t dash = position_++;
      const bool many =
          in_[position_] == '\\' && position_ + 1 < in_.size() && shorthand(in_[position_ + 1]).has_value();
      if (many || at("[:")) {
        position_ = dash;  // "[a-\d]": the dash is literal
      } else {
        const auto high = class_byte();
        if (!high) return false;
        if (*high < *low) refuse("a range in a character class is out of order");
        for (unsigned byte = *low; byte <= *high; ++byte)
          set.set(byte);
        return error_.empty();
      }
    }
    if (*low >= 9 && *low <= 13) maps_to_space = true;
    set.set(*low);
    if (position_ < in_.size() && in_[position_] == '-' && position_ + 1 < in_.size() && in_[position_ + 1] != ']') {
      set.set('-');
      ++position_;
    }
    return true;
  }

  bool posix(size_t end, ByteSet& set) {
    std::string_view name = in_.substr(position_ + 2, end - position_ - 2);
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    const auto named = posix_class(name);
    if (!named) {
      refuse("unknown class '[:" + std::string(name) + ":]'");
      return false;
    }
    set |= negated ? ~*named : *named;
    position_ = end + 2;
    return true;
  }

  std::optional<unsigned> class_byte() {
    const char c = in_[position_];
    if (c != '\\') {
      ++position_;
      return static_cast<uint8_t>(c);
    }
    if (position_ + 1 >= in_.size()) {
      refuse("the regular expression ends with a backslash");
      return std::nullopt;
    }
    if (const auto byte = byte_escape()) return byte;
    const char escaped = in_[position_ + 1];
    position_ += 2;
    if (escaped == 'b') return 8U;
    if (std::isalnum(static_cast<unsigned char>(escaped)) != 0) {
      refuse(std::string("'\\") + escaped + "' is not supported in a character class");
      return std::nullopt;
    }
    return static_cast<uint8_t>(escaped);
  }

  std::string_view in_;
  bool decoded_;
  size_t position_ = 0;
  std::string out_;
  std::string error_;
};

}  // namespace

Result<std::string> rewrite_for_lines(std::string_view pattern, LineText text) {
  return Rewriter(pattern, text).run();
}

namespace {

/// Lead bytes of UTF-8 sequences that are no letters: Latin-1 signs, general punctuation to dingbats, CJK punctuation, vertical
/// and full-width forms (with the replacement character), pictographs.
constexpr std::string_view kSignAhead = R"((?:\xc2|\xe2[\x80-\xaf]|\xe3\x80|\xef[\xb8-\xbf]|\xf0\x9f))";
constexpr std::string_view kSignBehind =
    R"((?<=\xc2[\x80-\xbf]|\xe2[\x80-\xaf][\x80-\xbf]|\xe3\x80[\x80-\xbf]|\xef[\xb8-\xbf][\x80-\xbf]|\xf0\x9f[\x80-\xbf]{2}))";

std::string make_utf8_boundary() {
  const std::string behind(kSignBehind), ahead(kSignAhead);
  const std::string not_word_before = R"((?:(?<![\w\x80-\xff])|)" + behind + ")";
  const std::string not_word_after = R"((?:(?![\w\x80-\xff])|(?=)" + ahead + "))";
  return "(?:" + not_word_before + "(?!" + not_word_after + ")|(?!" + not_word_before + ")" + not_word_after + ")";
}

/// Offset of the next \b at or behind `from`; npos at the end.
size_t find_boundary(std::string_view regex, size_t from) {
  for (size_t at = from; at + 1 < regex.size(); ++at) {
    if (regex[at] != '\\') continue;
    if (regex[at + 1] == 'b') return at;
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string with_first_end(std::string_view regex) {
  const auto is_escaped = [&](size_t at) {
    size_t backslashes = 0;
    while (backslashes < at && regex[at - 1 - backslashes] == '\\')
      ++backslashes;
    return backslashes % 2 == 1;
  };
  if (regex.size() < 2 || is_escaped(regex.size() - 1)) return std::string(regex);
  if (regex.ends_with('+')) {
    const bool is_possessive = std::string_view("+*?}").find(regex[regex.size() - 2]) != std::string_view::npos;
    return std::string(is_possessive ? regex : regex.substr(0, regex.size() - 1));
  }
  const size_t brace = regex.rfind('{');
  if (!regex.ends_with('}') || brace == std::string_view::npos || is_escaped(brace)) return std::string(regex);
  const std::string_view counts = regex.substr(brace + 1, regex.size() - brace - 2);
  const std::string_view least = counts.substr(0, counts.find(','));
  const bool is_count = !least.empty() && counts.find_first_not_of("0123456789,") == std::string_view::npos;
  if (!is_count || least.find_first_not_of('0') == std::string_view::npos) return std::string(regex);
  return std::string(regex.substr(0, brace + 1)).append(least).append("}");
}

bool has_word_boundary(std::string_view regex) {
  return find_boundary(regex, 0) != std::string_view::npos;
}

bool asks_for_line_break(std::string_view regex) {
  std::string mark;
  append_escape(mark, static_cast<uint8_t>(kLineBreakMark));
  return regex.find(mark) != std::string_view::npos;
}

std::string with_utf8_boundaries(std::string_view regex) {
  static const std::string kBoundary = make_utf8_boundary();
  std::string out;
  size_t from = 0;
  for (size_t at = find_boundary(regex, 0); at != std::string_view::npos; at = find_boundary(regex, from)) {
    out.append(regex.substr(from, at - from)).append(kBoundary);
    from = at + 2;
  }
  return out.append(regex.substr(from));
}

void append_literal(std::string& out, std::string_view bytes) {
  for (const char c : bytes)
    append_escape(out, c == '\n' || c == '\r' || c == '\t' ? ' ' : static_cast<uint8_t>(c));
}

}  // namespace weir
