#include "decode/lines/json_lines.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "decode/lines/value_lines.h"
#include "decode/steps/byte_classes.h"

namespace weir {
namespace {

/// A member whose key looks like no identifier gets a line of its own even where its value is a container: deep below,
/// the names of the leaves no longer show it. So do the keys by which a script's prototypes are reached.
bool is_odd_key(std::string_view key) {
  return key.starts_with("__") || key == "prototype" || !std::all_of(key.begin(), key.end(), [](char byte) {
           return is_word_byte(byte) || byte == '-' || byte == '.';
         });
}

/// Appends the character of the escape at `from` (which points to a backslash) to `out`; returns the bytes read.
size_t unescape_one(const char* from, size_t left, std::string& out, bool& unicode) {
  if (left < 2) {
    out.push_back('\\');
    return 1;
  }
  switch (from[1]) {
    case '"':
    case '\\':
    case '/':
      out.push_back(from[1]);
      return 2;
    case 'b':
      out.push_back('\b');
      return 2;
    case 'f':
      out.push_back('\f');
      return 2;
    case 'n':
      out.push_back('\n');
      return 2;
    case 'r':
      out.push_back('\r');
      return 2;
    case 't':
      out.push_back('\t');
      return 2;
    case 'u':
      break;
    default:
      out.push_back('\\');
      return 1;
  }
  const int32_t unit = left >= 6 ? hex_number(from + 2, 4) : -1;
  if (unit < 0) {
    out.push_back('\\');
    return 1;
  }
  unicode = true;
  auto code_point = static_cast<uint32_t>(unit);
  size_t read = 6;
  if (code_point >= 0xd800 && code_point < 0xdc00 && left >= 12 && from[6] == '\\' && from[7] == 'u') {
    const int32_t low = hex_number(from + 8, 4);
    if (low >= 0xdc00 && low < 0xe000) {
      code_point = from_surrogates(code_point, static_cast<uint32_t>(low));
      read = 12;
    }
  }
  char bytes[4];
  out.append(bytes, put_utf8(bytes, code_point));
  return read;
}

/// Appends a JSON string's content without its escapes. True if some were \uXXXX.
bool unescape(std::string_view raw, std::string& out) {
  bool unicode = false;
  size_t at = 0;
  while (at < raw.size()) {
    const size_t backslash = std::min(raw.find('\\', at), raw.size());
    out.append(raw, at, backslash - at);
    at = backslash;
    if (at < raw.size()) at += unescape_one(raw.data() + at, raw.size() - at, out, unicode);
  }
  return unicode;
}

bool is_scalar_byte(char byte) {
  return is_word_byte(byte) || byte == '+' || byte == '-' || byte == '.';
}

bool is_scalar(std::string_view token) {
  return !token.empty() && (is_ascii_digit(token.front()) || token.front() == '-' || token == "true" ||
                            token == "false" || token == "null");
}

}  // namespace

JsonLines::JsonLines(ValueLines& values, DecodeScratch::Json& scratch, size_t depth_max, Place place,
                     std::string_view prefix, DecodeSteps steps)
    : values_(values),
      scratch_(scratch),
      depth_max_(std::min(depth_max, kDepthMax)),
      place_(place),
      steps_(steps),
      prefix_(prefix) {
  scratch_.keys.clear();
}

size_t JsonLines::walk(std::string_view text) {
  text_ = text;
  while (true) {
    skip_space();
    understood_ = at_;
    if (at_end()) return text_.size();
    if (text_[at_] != '{' && text_[at_] != '[') return understood_;
    if (!walk_tree()) return understood_;
  }
}

/// One value with everything below it.
bool JsonLines::walk_tree() {
  do {
    // One line is left for what is not walked.
    if (values_.writer().lines_left() <= 1 || !walk_value()) return false;
  } while (next_member());
  return depth_ == 0;
}

/// At the start of a value. A container is only entered here; its members follow in the next rounds.
bool JsonLines::walk_value() {
  while (true) {
    skip_space();
    if (at_end()) return false;
    const char byte = text_[at_];
    if (byte == '"') return walk_string();
    if (byte != '{' && byte != '[') return walk_scalar();
    if (depth_ == depth_max_) return walk_too_deep();
    const Entry entry = enter_container();
    if (entry != Entry::kEntered) return entry == Entry::kEmpty;
    if (values_.writer().lines_left() <= 1) return false;
  }
}

/// An empty container is written as a leaf; of one with members the first one's key is read.
JsonLines::Entry JsonLines::enter_container() {
  const bool is_object = text_[at_] == '{';
  ++at_;
  skip_space();
  if (!at_end() && text_[at_] == (is_object ? '}' : ']')) {
    ++at_;
    if (depth_ > 0) add_leaf(is_object ? "{}" : "[]", 0);
    understood_ = at_;
    return Entry::kEmpty;
  }
  if (depth_ > 0 && levels_[depth_ - 1].is_object && is_odd_key(key_of(levels_[depth_ - 1]))) add_leaf({}, 0);
  push(is_object);
  return !is_object || read_key() ? Entry::kEntered : Entry::kBroken;
}

bool JsonLines::walk_string() {
  std::string_view raw;
  bool escaped = false;
  if (!read_string(raw, escaped)) return false;
  DecodeSteps more_steps = 0;
  if (escaped) {
    scratch_.value.clear();
    if (unescape(raw, scratch_.value)) more_steps = static_cast<DecodeSteps>(DecodeStep::kUnicodeEscape);
    raw = scratch_.value;
  }
  add_leaf(raw, more_steps);
  understood_ = at_;
  return true;
}

/// A number (not checked to the last digit), true, false or null.
bool JsonLines::walk_scalar() {
  const size_t begin = at_;
  while (!at_end() && is_scalar_byte(text_[at_]))
    ++at_;
  const std::string_view token = text_.substr(begin, at_ - begin);
  if (!is_scalar(token)) return false;
  add_leaf(token, 0);
  understood_ = at_;
  return true;
}

/// A container below the deepest level: one line of raw text.
bool JsonLines::walk_too_deep() {
  const size_t begin = at_;
  size_t open = 0;
  while (!at_end()) {
    const char byte = text_[at_];
    if (byte == '"') {
      std::string_view raw;
      bool escaped = false;
      if (!read_string(raw, escaped)) return false;
      continue;
    }
    ++at_;
    if (byte == '{' || byte == '[') ++open;
    if ((byte == '}' || byte == ']') && --open == 0) {
      values_.writer().add_named(place_, compose_name(), text_.substr(begin, at_ - begin), PlusMeans::kPlus, steps_);
      understood_ = at_;
      return true;
    }
  }
  return false;
}

/// Behind a value: leaves finished containers and goes to the next member's value. False at the end and at nonsense.
bool JsonLines::next_member() {
  while (depth_ > 0) {
    skip_space();
    if (at_end()) return false;
    const Level& level = levels_[depth_ - 1];
    const char byte = text_[at_];
    if (byte == ',') {
      understood_ = ++at_;
      return !level.is_object || read_key();
    }
    if (byte != (level.is_object ? '}' : ']')) return false;
    understood_ = ++at_;
    pop();
  }
  return false;
}

/// Reads `"key" :` and makes it the current level's key.
bool JsonLines::read_key() {
  skip_space();
  std::string_view raw;
  bool escaped = false;
  if (at_end() || text_[at_] != '"' || !read_string(raw, escaped)) return false;
  skip_space();
  if (at_end() || text_[at_] != ':') return false;
  ++at_;
  Level& level = levels_[depth_ - 1];
  scratch_.keys.resize(level.key_begin);
  if (escaped) {
    unescape(raw, scratch_.keys);
  } else {
    scratch_.keys.append(raw);
  }
  level.key_length = scratch_.keys.size() - level.key_begin;
  if (level.key_length > kNameBytesMax) {
    // Too long for a name, so it is scanned as a value.
    values_.writer().add(place_, key_of(level), PlusMeans::kPlus, steps_);
    level.key_length = kNameBytesMax;
    scratch_.keys.resize(level.key_begin + level.key_length);
  }
  return true;
}

void JsonLines::push(bool is_object) {
  levels_[depth_++] = Level{is_object, scratch_.keys.size(), 0};
}

void JsonLines::pop() {
  --depth_;
  scratch_.keys.resize(levels_[depth_].key_begin);
}

void JsonLines::skip_space() {
  while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

/// At a '"': the string's content as written. False if it is cut off.
bool JsonLines::read_string(std::string_view& raw, bool& escaped) {
  const size_t begin = at_ + 1;
  size_t end = find_quote_or_backslash(text_, begin);
  while (end < text_.size() && text_[end] == '\\') {
    escaped = true;
    end = find_quote_or_backslash(text_, std::min(end + 2, text_.size()));
  }
  if (end >= text_.size()) return false;
  raw = text_.substr(begin, end - begin);
  at_ = end + 1;
  return true;
}

void JsonLines::add_leaf(std::string_view value, DecodeSteps more_steps) {
  values_.add(place_, compose_name(), value, PlusMeans::kPlus, static_cast<DecodeSteps>(steps_ | more_steps));
}

std::string_view JsonLines::key_of(const Level& level) const {
  return std::string_view(scratch_.keys).substr(level.key_begin, level.key_length);
}

/// The last levels of the path in bracket notation; leading array levels have no name to show. Valid until the next call.
std::string_view JsonLines::compose_name() {
  const size_t shown_max = prefix_.empty() ? kNameLevelsMax : kNameLevelsMax - 1;
  size_t first = depth_ > shown_max ? depth_ - shown_max : 0;
  std::string& name = scratch_.name;
  name.assign(prefix_);
  if (name.empty()) {
    while (first + 1 < depth_ && !levels_[first].is_object)
      ++first;
    if (first < depth_ && levels_[first].is_object) name.assign(key_of(levels_[first++]));
  }
  for (size_t i = first; i < depth_; ++i) {
    name.push_back('[');
    if (levels_[i].is_object) name.append(key_of(levels_[i]));
    name.push_back(']');
  }
  if (name.size() <= kNameBytesMax) return name;
  if (depth_ == 0 || !levels_[depth_ - 1].is_object) return std::string_view(name).substr(name.size() - kNameBytesMax);
  return key_of(levels_[depth_ - 1]);
}

}  // namespace weir
