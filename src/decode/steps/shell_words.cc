#include "decode/steps/shell_words.h"

#include <algorithm>

#include "base/ascii.h"

namespace weir {
namespace {

/// Longer quoted pieces and names are strings and identifiers of programs, not parts of a hidden word.
constexpr size_t kQuotedBytesMax = 24;
constexpr size_t kNameBytesMax = 16;
constexpr size_t kBracesBytesMax = 128;

constexpr bool is_separator(char byte) {
  return byte == ';' || byte == '|' || byte == '&' || byte == '`' || byte == '(';
}

/// Bytes that words of commands and paths consist of.
bool is_path_byte(char byte) {
  return is_word_byte(byte) || byte == '/';
}
bool is_quotable(char byte) {
  return is_path_byte(byte) || byte == '-' || byte == '.' || byte == '?' || byte == '*';
}
bool is_brace_byte(char byte) {
  return is_quotable(byte) || byte == ',' || byte == '~' || byte == ':' || byte == '=';
}

size_t span_of(std::string_view text, size_t from, bool (*belongs)(char)) {
  size_t at = from;
  while (at < text.size() && belongs(text[at]))
    ++at;
  return at - from;
}

class Unwrapper {
 public:
  Unwrapper(std::string_view text, char* out) : text_(text), out_(out) {}

  size_t run() {
    while (at_ < text_.size()) {
      if (!undo_at(text_[at_])) keep();
    }
    return changed_ ? size_ : 0;
  }

 private:
  [[nodiscard]] char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] char last() const { return size_ == 0 ? '\0' : out_[size_ - 1]; }

  void keep() {
    if (is_separator(text_[at_])) separated_ = true;
    out_[size_++] = text_[at_++];
  }
  /// Skips `size` bytes and writes `instead`.
  bool drop(size_t size, std::string_view instead = {}) {
    at_ += size;
    std::copy(instead.begin(), instead.end(), out_ + size_);
    size_ += instead.size();
    changed_ = true;
    return true;
  }

  /// Does a word go on before or behind what is `size` bytes long here?
  [[nodiscard]] bool is_glued(size_t size) const { return is_path_byte(last()) || is_path_byte(peek(size)); }

  /// Right behind a separator, where a shell expects a command.
  [[nodiscard]] bool is_command_position() const {
    size_t end = size_;
    while (end > 0 && out_[end - 1] == ' ')
      --end;
    return end > 0 && is_separator(out_[end - 1]);
  }

  bool undo_at(char byte) {
    switch (byte) {
      case '\'':
      case '"':
        return undo_quotes(byte);
      case '\\':
        return undo_backslash();
      case '$':
        return undo_dollar();
      case '`':
        // Three of them fence code in prose.
        return peek(1) == '`' && peek(2) != '`' && is_path_byte(last()) && drop(2);
      case '{':
        return undo_braces();
      default:
        return false;
    }
  }

  bool undo_quotes(char quote) {
    const size_t inner = span_of(text_.substr(0, at_ + 1 + kQuotedBytesMax), at_ + 1, is_quotable);
    if (peek(inner + 1) != quote) return false;
    // A quoted attribute or field ends with its quote whatever follows: class="a"/>.
    const bool in_word = is_path_byte(last()) || (is_path_byte(peek(inner + 2)) && last() != '=');
    const bool hides = in_word || (inner > 0 && is_command_position());
    return hides && drop(inner + 2, text_.substr(at_ + 1, inner));
  }

  bool undo_backslash() {
    const bool in_word = is_ascii_letter(peek(1)) && (is_path_byte(last()) || is_command_position());
    return in_word && drop(1);
  }

  bool undo_dollar() {
    const char next = peek(1);
    if (next == '\'' || next == '"') return undo_quoted_expansion(next);
    if (next == '{') return undo_braced_name();
    if (next == '(') return undo_substitution();
    if (is_ascii_letter(next) || next == '_') return undo_name();
    const bool special = next != '\0' && std::string_view("@*!?$-").find(next) != std::string_view::npos;
    if (special) return is_path_byte(last()) && is_glued(2) && drop(2);
    const bool positional =
        is_ascii_digit(next) && is_path_byte(last()) && (is_ascii_letter(peek(2)) || peek(2) == '/');
    return positional && drop(2);
  }

  /// $'…' and $"…" are quotes.
  bool undo_quoted_expansion(char quote) {
    const size_t inner = span_of(text_.substr(0, at_ + 2 + kQuotedBytesMax), at_ + 2, is_quotable);
    if (peek(inner + 2) != quote || (!is_glued(inner + 3) && !is_command_position())) return false;
    return drop(inner + 3, text_.substr(at_ + 2, inner));
  }

  /// ${IFS} and its forms are a blank, ${anything} inside a word is nothing.
  bool undo_braced_name() {
    const size_t close = text_.substr(0, at_ + 2 + kQuotedBytesMax).find('}', at_ + 2);
    if (close == std::string_view::npos) return false;
    const std::string_view inner = text_.substr(at_ + 2, close - at_ - 2);
    const size_t size = close + 1 - at_;
    if (starts_without_case(inner, "ifs")) return drop(size, " ");
    const bool name = std::all_of(inner.begin(), inner.end(), is_word_byte) || inner == "@" || inner == "*";
    return name && is_glued(size) && drop(size);
  }

  bool undo_substitution() {
    constexpr size_t kInnerMax = 8;
    const size_t inner = span_of(text_.substr(0, at_ + 2 + kInnerMax), at_ + 2, is_word_byte);
    if (peek(inner + 2) != ')') return false;
    const bool in_word = is_path_byte(last()) && (is_path_byte(peek(inner + 3)) || inner == 0);
    return in_word && drop(inner + 3);
  }

  /// $name inside a word; standing alone, only behind a separator, where it is an empty word before the command.
  bool undo_name() {
    const size_t name = span_of(text_, at_ + 1, is_word_byte);
    if (name > kNameBytesMax) return false;
    if (starts_without_case(text_.substr(at_ + 1, name), "ifs")) {
      const size_t more = peek(4) == '$' && is_ascii_digit(peek(5)) ? 2 : 0;
      return name == 3 && drop(4 + more, " ");
    }
    const char behind = peek(name + 1);
    if (is_path_byte(last()) || behind == '/') return drop(name + 1);
    const bool alone = separated_ && behind == ' ' && (last() == ' ' || is_command_position());
    return alone && drop(name + 2);
  }

  bool undo_braces() {
    if (!is_command_position()) return false;
    const size_t inner = span_of(text_.substr(0, at_ + 1 + kBracesBytesMax), at_ + 1, is_brace_byte);
    const std::string_view words = text_.substr(at_ + 1, inner);
    if (peek(inner + 1) != '}' || words.find(',') == std::string_view::npos) return false;
    const size_t begin = size_;
    drop(inner + 2, words);
    std::replace(out_ + begin, out_ + size_, ',', ' ');
    return true;
  }

  std::string_view text_;
  char* out_;
  size_t size_ = 0;
  size_t at_ = 0;
  bool separated_ = false;
  bool changed_ = false;
};

}  // namespace

size_t unwrap_shell_words(std::string_view text, char* out) {
  return Unwrapper(text, out).run();
}

}  // namespace weir
