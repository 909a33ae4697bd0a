#include "event/json/near_json.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/byte_search.h"
#include "base/hex.h"

namespace weir {
namespace {

constexpr size_t kKeyBytesMax = 256;      // of a key that proves that a quote ended a string
constexpr size_t kPrefixBytesMax = 2048;  // text before an object
constexpr size_t kValuesMax = 10'000;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The rewriting of one text. Each function reads at at_ and appends to out_.
class Mender {
 public:
  Mender(std::string_view text, size_t depth_max, std::string& out) : text_(text), depth_max_(depth_max), out_(out) {}

  NearJson run();

 private:
  [[nodiscard]] char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  void skip_spaces() {
    while (!at_end() && is_space(text_[at_]))
      ++at_;
  }
  [[nodiscard]] size_t behind_spaces(size_t at) const {
    while (at < text_.size() && is_space(text_[at]))
      ++at;
    return at;
  }

  bool value();
  void members();
  void step();
  void open(char bracket);
  void close();
  void string(bool is_key);
  void string_escape();
  void byte(unsigned char c);
  void bare_word();
  std::string_view word();
  void quoted(std::string_view text);
  [[nodiscard]] bool ends_string(size_t at, char quote, bool is_key) const;
  [[nodiscard]] bool key_follows(size_t at) const;

  std::string_view text_;
  size_t depth_max_;
  std::string& out_;
  size_t at_ = 0;
  std::string nesting_;         // '{' or '[' of each level
  bool expects_comma_ = false;  // a value or member was written on this level
  bool has_comma_ = false;      // and a comma stood behind it
  bool too_deep_ = false;
  bool escapes_ = false, other_ = false;  // what was mended
};

NearJson Mender::run() {
  NearJson result;
  out_.clear();
  out_ += '[';
  while (result.values < kValuesMax && !too_deep_) {
    skip_spaces();
    if (peek() != '{' && peek() != '[') {
      if (at_end()) break;
      // Text between or behind the values: on to the next object.
      other_ = true;
      const size_t next = find_json_object(text_.substr(at_));
      if (result.values == 0 || next == kNowhere) break;
      at_ += next;
      continue;
    }
    if (result.values > 0) out_ += ',';
    ++result.values;
    open(peek());
    while (!nesting_.empty() && !too_deep_)
      step();
  }
  if (too_deep_) return {NearJson::Outcome::kTooDeep};
  if (result.values == 0) return {NearJson::Outcome::kNoJson};
  if (result.values == 1) {
    out_.erase(0, 1);
  } else {
    out_ += ']';
  }
  result.only_escapes = escapes_ && !other_;
  result.is_whole = !escapes_ && !other_;
  return result;
}

void Mender::open(char bracket) {
  ++at_;
  if (nesting_.size() >= depth_max_) {
    too_deep_ = true;
    return;
  }
  nesting_ += bracket;
  out_ += bracket;
  expects_comma_ = has_comma_ = false;
}

void Mender::close() {
  out_ += nesting_.back() == '{' ? '}' : ']';
  nesting_.pop_back();
  expects_comma_ = true;
  has_comma_ = false;
}

// One member or item of the innermost object or list, or its end.
void Mender::step() {
  skip_spaces();
  if (at_end()) {
    other_ = true;
    return close();
  }
  const char c = peek();
  if (c == ',') {
    ++at_;
    const char next = behind_spaces(at_) < text_.size() ? text_[behind_spaces(at_)] : '\0';
    if (!expects_comma_ || next == '}' || next == ']' || next == ',' || next == '\0') other_ = true;
    has_comma_ = true;
    return;
  }
  if (c == '}' || c == ']') {
    if ((c == '}') != (nesting_.back() == '{')) other_ = true;
    ++at_;
    return close();
  }
  if (expects_comma_) out_ += ',';
  if (expects_comma_ && !std::exchange(has_comma_, false)) other_ = true;
  expects_comma_ = true;
  if (nesting_.back() == '[') {
    value();
  } else {
    members();
  }
}

// A key, its colon and its value.
void Mender::members() {
  if (peek() == '"' || peek() == '\'') {
    string(true);
  } else {
    quoted(word());  // a key is a text, whatever it looks like
    other_ = true;
  }
  out_ += ':';
  skip_spaces();
  if (peek() == ':') {
    ++at_;
    skip_spaces();
  } else {
    other_ = true;
  }
  if (!value()) {
    out_ += "null";
    other_ = true;
  }
}

// False, and nothing written, if there is no value here.
bool Mender::value() {
  const char c = peek();
  if (at_end() || c == ',' || c == '}' || c == ']') {
    if (nesting_.back() == '[') out_ += "null";
    return nesting_.back() == '[';
  }
  if (c == '{' || c == '[') {
    open(c);
  } else if (c == '"' || c == '\'') {
    string(false);
  } else {
    bare_word();
  }
  return true;
}

// Whether a member with a key stands at the place, behind spaces.
bool Mender::key_follows(size_t at) const {
  at = behind_spaces(at);
  if (at >= text_.size()) return false;
  const char quote = text_[at];
  if (quote != '"' && quote != '\'') return false;
  const auto key = text_.substr(at + 1, kKeyBytesMax);
  const size_t end = key.find_first_of(quote == '"' ? "\"\\" : "'\\");
  if (end == kNowhere || key[end] == '\\') return false;
  const size_t colon = behind_spaces(at + 1 + end + 1);
  return colon < text_.size() && text_[colon] == ':';
}

// Whether the quote at the place ends the string rather than being content.
bool Mender::ends_string(size_t at, char quote, bool is_key) const {
  const size_t next = behind_spaces(at + 1);
  if (next >= text_.size()) return true;
  const char c = text_[next];
  if (is_key) return c == ':';
  if (nesting_.back() == '[') return c == ',' || c == ']' || c == '}';
  if (c == ',') {
    const size_t after = behind_spaces(next + 1);
    if (after >= text_.size() || text_[after] == '}') return true;
    return key_follows(next + 1);
  }
  if (c != '}') return false;
  // A brace closes the object only if something sensible follows it as well.
  const size_t after = behind_spaces(next + 1);
  if (after >= text_.size()) return true;
  const char then = text_[after];
  return then == ',' || then == '}' || then == ']' || then == '{' || then == '/' || then == '#' || quote == '\'';
}

void Mender::byte(unsigned char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out_ += '\\';
    out_ += static_cast<char>(c);
  } else if (c < 0x20) {
    out_ += "\\u00";
    out_ += kHex[c >> 4];
    out_ += kHex[c & 15];
  } else {
    out_ += static_cast<char>(c);
  }
}

// A backslash and what belongs to it; what is no escape is content.
void Mender::string_escape() {
  const char kind = peek(1);
  if (kind == 'x') {
    const int high = hex_value(peek(2)), low = hex_value(peek(3));
    if (high >= 0 && low >= 0) {
      byte(static_cast<unsigned char>(high * 16 + low));
      escapes_ = true;
      at_ += 4;
      return;
    }
  }
  const bool unicode = kind == 'u' && hex_value(peek(2)) >= 0 && hex_value(peek(3)) >= 0 && hex_value(peek(4)) >= 0 &&
                       hex_value(peek(5)) >= 0;
  if (unicode || (kind != '\0' && std::string_view("\"\\/bfnrt").find(kind) != kNowhere)) {
    out_ += '\\';
    out_ += kind;
    at_ += 2;
    return;
  }
  if (kind == '\'') {
    out_ += '\'';
    at_ += 2;
    escapes_ = true;
    return;
  }
  byte('\\');
  ++at_;
  other_ = true;
}

void Mender::string(bool is_key) {
  const char quote = peek();
  if (quote == '\'') other_ = true;
  ++at_;
  out_ += '"';
  while (true) {
    if (at_end()) {
      other_ = true;  // cut off
      break;
    }
    const char c = peek();
    if (c == quote) {
      if (ends_string(at_, quote, is_key)) {
        ++at_;
        break;
      }
      byte(static_cast<unsigned char>(c));
      ++at_;
      other_ = true;
    } else if (c == '\\' && peek(1) == quote && quote == '"' && ends_string(at_ + 1, quote, is_key) &&
               at_ + 2 < text_.size()) {
      // Where quotes are escaped, one that belongs to the text is never followed by a member whose quotes are not: the
      // backslash is content that the source did not escape.
      byte('\\');
      at_ += 2;
      other_ = true;
      break;
    } else if (c == '\\') {
      string_escape();
    } else {
      if (static_cast<unsigned char>(c) < 0x20) other_ = true;
      byte(static_cast<unsigned char>(c));
      ++at_;
    }
  }
  out_ += '"';
}

// What stands without quotes, up to what cannot be part of it; at least one byte.
std::string_view Mender::word() {
  const size_t begin = at_;
  while (!at_end() && std::string_view(",}]:\"").find(peek()) == kNowhere && !is_space(peek()))
    ++at_;
  if (at_ == begin) ++at_;
  return text_.substr(begin, at_ - begin);
}

void Mender::quoted(std::string_view text) {
  out_ += '"';
  for (const char c : text)
    byte(static_cast<unsigned char>(c));
  out_ += '"';
}

// true, 12, NaN, 007, None …: as JSON if it is JSON, null if it says so, else text.
void Mender::bare_word() {
  const std::string_view found = word();
  if (found == "true" || found == "false" || found == "null") {
    out_ += found;
    return;
  }
  const auto digits = found.starts_with('-') ? found.substr(1) : found;
  const bool padded = digits.size() > 1 && digits[0] == '0' && is_ascii_digit(digits[1]);
  double number = 0;
  const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), number);
  const bool whole = end == found.data() + found.size() && error == std::errc{};
  if (whole && !digits.empty() && is_ascii_digit(digits[0]) && is_ascii_digit(found.back()) && !padded &&
      digits.size() <= 18) {
    out_ += found;
    return;
  }
  other_ = true;
  static constexpr std::string_view kNothing[]{"NaN", "nan", "Infinity", "-Infinity", "inf", "None", "undefined", "-"};
  if (std::find(std::begin(kNothing), std::end(kNothing), found) != std::end(kNothing)) {
    out_ += "null";
    return;
  }
  quoted(found);
}

}  // namespace

NearJson mend_near_json(std::string_view text, size_t depth_max, std::string& out) {
  return Mender(text, depth_max, out).run();
}

size_t find_json_object(std::string_view text) {
  const auto searched = text.substr(0, kPrefixBytesMax);
  for (size_t at = searched.find('{'); at != kNowhere; at = searched.find('{', at + 1)) {
    size_t next = at + 1;
    while (next < text.size() && is_space(text[next]))
      ++next;
    if (next < text.size() && (text[next] == '"' || text[next] == '\'' || text[next] == '}')) return at;
  }
  return kNowhere;
}

}  // namespace weir
