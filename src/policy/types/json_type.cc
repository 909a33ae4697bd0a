#include "policy/types/json_type.h"

#include <algorithm>
#include <bitset>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/utf8.h"

namespace weir {
namespace {

class JsonCheck {
 public:
  JsonCheck(std::string_view text, const ValueForm& form)
      : text_(text), depth_max_(std::min(form.depth_max, kJsonDepthMax)), keys_max_(form.keys_max) {}

  Fault run() {
    do {
      skip_space();
      if (!value()) return fault_;
      skip_space();
    } while (to_next_value());
    if (!fault_.empty()) return fault_;
    return at_ == text_.size() ? Fault() : Fault("text behind the JSON value");
  }

 private:
  bool bad(Fault fault) {
    fault_ = fault;
    return false;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char byte) {
    if (peek() != byte || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
      ++at_;
  }

  /// Reads a scalar, an empty container, or the way down to the first value inside containers.
  bool value() {
    while (true) {
      const char byte = peek();
      if (byte == '{' || byte == '[') {
        ++at_;
        if (depth_ == depth_max_) return bad("nested too deep");
        is_object_[depth_++] = byte == '{';
        skip_space();
        if (take(byte == '{' ? '}' : ']')) {
          --depth_;
          return true;
        }
        if (byte == '{' && !key()) return false;
        skip_space();
        continue;
      }
      if (byte == '"') return string();
      if (byte == '-' || is_ascii_digit(byte)) return number();
      for (const std::string_view word : {"true", "false", "null"}) {
        if (!text_.substr(at_).starts_with(word)) continue;
        at_ += word.size();
        return true;
      }
      return bad("not JSON");
    }
  }

  /// Behind a value: closes containers until a comma leads to the next value. False at the end or at a fault.
  bool to_next_value() {
    while (depth_ > 0) {
      const bool object = is_object_[depth_ - 1];
      skip_space();
      if (take(',')) {
        skip_space();
        return !object || key();
      }
      if (!take(object ? '}' : ']')) return bad("not JSON");
      --depth_;
    }
    skip_space();
    return false;
  }

  bool key() {
    if (++keys_ > keys_max_) return bad("more keys than allowed");
    if (peek() != '"' || !string()) return fault_.empty() ? bad("not JSON") : false;
    skip_space();
    return take(':') || bad("not JSON");
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte < 0x20) return bad("not JSON");
      if (byte == '\\') {
        if (!escape()) return bad("not JSON");
        continue;
      }
      const Utf8Step step = read_utf8(text_.substr(at_));
      if (step.bytes == 0) return bad("not UTF-8");
      at_ += step.bytes;
    }
    return bad("not JSON");
  }

  bool escape() {
    ++at_;
    const char byte = peek();
    ++at_;
    if (byte != 'u') return byte != '\0' && std::string_view("\"\\/bfnrt").find(byte) != std::string_view::npos;
    if (at_ + 4 > text_.size() || hex_number(text_.data() + at_, 4) < 0) return false;
    at_ += 4;
    return true;
  }

  bool digits() {
    if (!is_ascii_digit(peek())) return bad("not JSON");
    while (is_ascii_digit(peek()))
      ++at_;
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (is_ascii_digit(peek())) return bad("not JSON");
    if (take('.') && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      return digits();
    }
    return true;
  }

  std::string_view text_;
  uint32_t depth_max_, keys_max_;
  size_t at_ = 0;
  uint32_t depth_ = 0, keys_ = 0;
  std::bitset<kJsonDepthMax> is_object_;
  Fault fault_;
};

}  // namespace

Fault check_json(std::string_view value, const ValueForm& form) {
  return JsonCheck(value, form).run();
}

}  // namespace weir
