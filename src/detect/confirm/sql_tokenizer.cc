#include "detect/confirm/sql_tokenizer.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/hex.h"
#include "detect/confirm/sql_words.h"

namespace weir {
namespace {

/// Tokens read for one fingerprint; what folds away counts, so that a value of brackets alone ends, too.
constexpr size_t kTokensReadMax = 96;

constexpr bool is_word_start(char c) {
  return is_ascii_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_word_char(char c) {
  return is_word_start(c) || is_ascii_digit(c) || c == '$';
}
constexpr bool is_operand(SqlToken token) {
  return token == SqlToken::kNumber || token == SqlToken::kString || token == SqlToken::kVariable ||
         token == SqlToken::kConstant || token == SqlToken::kWord;
}

/// Cuts a value into tokens, one a call.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool open_string() const { return open_string_; }
  [[nodiscard]] size_t last_string_size() const { return last_string_size_; }

  /// The string whose opening quote stands in the application's statement.
  void begin_inside(char quote) { skip_string(quote); }

  /// False at the end.
  bool next(SqlToken& token) {
    skip_spaces();
    if (at_ >= text_.size()) return false;
    token = take(text_[at_]);
    return true;
  }

 private:
  [[nodiscard]] char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }

  SqlToken take(char c) {
    if (c == '\'' || c == '"') {
      ++at_;
      skip_string(c);
      return SqlToken::kString;
    }
    if (c == '`' || c == '[') return take_quoted_name(c == '`' ? '`' : ']');
    if (is_ascii_digit(c) || (c == '.' && is_ascii_digit(peek(1)))) return take_number();
    if (is_word_start(c)) return take_word();
    if (c == '@') return take_variable();
    return take_sign(c);
  }

  /// To behind the closing quote; a doubled or escaped quote does not close.
  void skip_string(char quote) {
    const size_t begin = at_;
    open_string_ = true;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        if (peek() != quote) {
          open_string_ = false;
          break;
        }
      }
    }
    last_string_size_ = at_ - begin;
  }

  SqlToken take_quoted_name(char end) {
    const size_t close = text_.find(end, at_ + 1);
    at_ = close == std::string_view::npos ? at_ + 1 : close + 1;
    return close == std::string_view::npos ? SqlToken::kOther : SqlToken::kWord;
  }

  SqlToken take_number() {
    const bool hexadecimal = peek() == '0' && (peek(1) | 0x20) == 'x' && hex_value(peek(2)) >= 0;
    if (hexadecimal) at_ += 2;
    while (is_ascii_digit(peek()) || (hexadecimal ? hex_value(peek()) >= 0 : peek() == '.'))
      ++at_;
    if ((peek() | 0x20) == 'e' && is_ascii_digit(peek(1))) {
      ++at_;
      while (is_ascii_digit(peek()))
        ++at_;
    }
    return SqlToken::kNumber;
  }

  SqlToken take_word() {
    const size_t begin = at_;
    while (is_word_char(peek()) || (peek() == '.' && is_word_start(peek(1))))
      ++at_;
    const bool prefix = at_ - begin == 1 && std::string_view("bBeEnNxX").find(text_[begin]) != std::string_view::npos;
    if (prefix && (peek() == '\'' || peek() == '"')) return take(peek());  // N'…', x'…'
    const SqlToken token = sql_word(text_.substr(begin, at_ - begin));
    if (token == SqlToken::kFunction) return function_or_word();
    if (token == SqlToken::kClause) return clause(text_.substr(begin, at_ - begin));
    return token;
  }

  SqlToken function_or_word() {
    size_t ahead = 0;
    while (peek(ahead) == ' ' && ahead < 8)
      ++ahead;
    return peek(ahead) == '(' ? SqlToken::kFunction : SqlToken::kWord;
  }

  /// "order" and "group" are clauses with "by" only.
  SqlToken clause(std::string_view word) {
    const bool wants_by = word.size() == 5 && (word[0] | 0x20) != 'l';  // "limit" does not
    if (!wants_by) return SqlToken::kClause;
    skip_spaces();
    if ((peek() | 0x20) != 'b' || (peek(1) | 0x20) != 'y' || is_word_char(peek(2))) return SqlToken::kWord;
    at_ += 2;
    return SqlToken::kClause;
  }

  SqlToken take_variable() {
    while (peek() == '@')
      ++at_;
    if (peek() == '`' || peek() == '\'' || peek() == '"') return take(peek()), SqlToken::kVariable;
    const bool named = is_word_char(peek());
    while (is_word_char(peek()) || peek() == '.')
      ++at_;
    return named ? SqlToken::kVariable : SqlToken::kOther;
  }

  SqlToken take_sign(char c) {
    const char after = peek(1);
    const size_t begin = at_++;
    switch (c) {
      case '(':
        return SqlToken::kOpen;
      case ')':
        return SqlToken::kClose;
      case ',':
        return SqlToken::kComma;
      case ';':
        return SqlToken::kSemicolon;
      case '#':
        return SqlToken::kComment;
      case '-':
        return after == '-' ? SqlToken::kComment : SqlToken::kOperator;
      case '/':
        return after == '*' ? SqlToken::kComment : SqlToken::kOperator;
      case '&':
      case '|':
        if (after != c) return SqlToken::kOperator;
        while (peek() == c)
          ++at_;
        return at_ - begin == 2 ? SqlToken::kLogic : SqlToken::kOther;  // "|||" separates fields
      case '=':
      case '<':
      case '>':
      case '!':
      case '~':
      case '+':
      case '*':
      case '%':
      case '^':
        return take_operator();
      case ':':
        return after == ':' ? take_operator() : SqlToken::kOther;
      default:
        return SqlToken::kOther;
    }
  }
  SqlToken take_operator() {
    for (size_t i = 0; i < 2 && (peek() == '=' || peek() == '>' || peek() == '<' || peek() == ':'); ++i)
      ++at_;
    return SqlToken::kOperator;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool open_string_ = false;
  size_t last_string_size_ = 0;
};

/// Appends tokens, folding what does not change the shape.
class Folder {
 public:
  explicit Folder(SqlFingerprint& out) : out_(out) {}

  /// False when the fingerprint is full.
  bool add(SqlToken token) {
    const SqlToken last = this->last();
    const bool after_operand = is_operand(last);
    if (token == SqlToken::kOperator && !after_operand && last != SqlToken::kClose && last != SqlToken::kFunction)
      return true;  // unary, or a second sign of one operator
    if (token == SqlToken::kOpen && last != SqlToken::kWord) return true;
    if (token == SqlToken::kClose && (after_operand || out_.size == 0)) return true;
    if (token == SqlToken::kKeyword && last == SqlToken::kUnion) return true;  // union all
    if (last == SqlToken::kComma && is_operand(token) && out_.size >= 2 &&
        is_operand(static_cast<SqlToken>(out_.tokens[out_.size - 2U]))) {
      --out_.size;  // "1,2" is "1"
      return true;
    }
    if (out_.size == SqlFingerprint::kTokensMax) return false;
    out_.tokens[out_.size++] = static_cast<char>(token);
    return true;
  }

 private:
  [[nodiscard]] SqlToken last() const {
    return out_.size == 0 ? SqlToken::kOther : static_cast<SqlToken>(out_.tokens[out_.size - 1U]);
  }
  SqlFingerprint& out_;
};

bool one_of(char token, std::string_view set) {
  return token != '\0' && set.find(token) != std::string_view::npos;
}

/// What stands behind the operand that the value begins with.
class Shape {
 public:
  Shape(const SqlFingerprint& fingerprint, bool quoted) : print_(fingerprint), quoted_(quoted) {}

  [[nodiscard]] bool injects() const {
    const size_t i = at(1) == 'k' && at(2) == 'n' ? 3 : 1;  // "as alias"
    switch (at(i)) {
      case '&':
        return logic(i + 1);
      case 'U':
        return at(i + 1) == 'E';
      case ';':
        return at(i + 1) == 'E' && (quoted_ || one_of(at(i + 2), "1svCfk("));
      case 'B':
        return one_of(at(i + 1), "1fC") && (ends(i + 2) || one_of(at(i + 2), "co&,;U"));
      case 'o':
        return comparison(i + 1);
      default:
        return false;
    }
  }
  /// Behind "and": 1=1, sleep(5), (select …
  [[nodiscard]] bool logic(size_t i) const {
    if (at(i) == 'f') return true;
    if (at(i) == 'E') return at(i + 1) != '\0';
    if (!one_of(at(i), "1svCn")) return false;
    if (at(i + 1) == 'o' && at(i) == 'n' && !quoted_) return one_of(at(i + 2), "svf");
    if (at(i + 1) == 'o') return one_of(at(i + 2), "1svCfE") || (at(i + 2) == 'n' && quoted_);
    if (!quoted_ || at(i) == 'n') return false;
    return at(i + 1) == 'c' || at(i + 1) == '&' || (ends(i + 1) && one_of(at(i), "1C") && !print_.elided);
  }
  /// Behind a word, which may be prose: numbers only.
  [[nodiscard]] bool logic_of_numbers() const {
    return at(1) == '&' && (at(2) == 'f' || (at(2) == '1' && at(3) == 'o' && one_of(at(4), "1f")));
  }

 private:
  [[nodiscard]] char at(size_t i) const { return i < print_.size ? print_.tokens[i] : '\0'; }
  [[nodiscard]] bool ends(size_t i) const { return i == print_.size && print_.ends; }

  /// '=' or '-' between two quotes; with numbers only when something follows that a value would not have.
  [[nodiscard]] bool comparison(size_t i) const {
    constexpr size_t kTailMax = 16;
    if (at(i) == 'E') return at(i + 1) != '\0';
    if (at(i) == 'f') return true;
    if (!quoted_) return one_of(at(i), "1s") && at(i + 1) == '&' && logic(i + 2);
    if (!one_of(at(i), "1svC")) return false;
    if (at(i + 1) == '&') return logic(i + 2);
    if (at(i) == 's' && ends(i + 1))
      return print_.open_string && print_.first_string_size <= kTailMax && print_.last_string_size <= kTailMax;
    return at(i + 1) == 'c' || (at(i) == 's' && at(i + 1) == 'o');
  }

  const SqlFingerprint& print_;
  bool quoted_;
};

char quote_of(SqlContext context) {
  return context == SqlContext::kSingleQuoted ? '\'' : '"';
}

/// French, Italian, Catalan and Occitan write "d'or", "l'or", "qu'or": one letter or "qu", the apostrophe, a word. `quote` is its
/// offset in the value.
bool is_elision(std::string_view value, size_t quote) {
  const auto lower = [](char c) { return static_cast<char>(c | 0x20); };
  if (quote == 0 || quote + 1 >= value.size() || !is_word_start(value[quote + 1])) return false;
  size_t begin = quote - 1;
  if (lower(value[begin]) == 'u' && begin > 0 && lower(value[begin - 1]) == 'q') --begin;
  const bool letters =
      begin + 1 < quote || std::string_view("cdjlmnst").find(lower(value[begin])) != std::string_view::npos;
  return letters && (begin == 0 || !is_word_char(value[begin - 1]));
}

}  // namespace

SqlFingerprint sql_fingerprint(std::string_view value, SqlContext context) {
  SqlFingerprint print;
  Folder folder(print);
  Scanner scanner(value);
  if (context != SqlContext::kRaw) {
    scanner.begin_inside(quote_of(context));
    print.first_string_size = scanner.last_string_size();
    print.elided = context == SqlContext::kSingleQuoted && print.first_string_size > 0 &&
                   is_elision(value, print.first_string_size - 1);
    folder.add(SqlToken::kString);
  }
  SqlToken token{};
  size_t read = 0;
  bool more = false;
  while (read < kTokensReadMax && (more = scanner.next(token))) {
    ++read;
    if (!folder.add(token)) break;
    if (token == SqlToken::kComment) break;  // the database reads no further
  }
  print.ends = !more || token == SqlToken::kComment;
  print.open_string = scanner.open_string();
  print.last_string_size = scanner.last_string_size();
  return print;
}

bool is_sql_injection(const SqlFingerprint& print, SqlContext context) {
  const bool quoted = context != SqlContext::kRaw;
  const char first = print.size > 0 ? print.tokens[0] : '\0';
  const Shape shape(print, quoted);
  if (quoted || first == '1' || first == 'v' || first == 'C') return shape.injects();
  if (first == '&') return one_of(print.size > 1 ? print.tokens[1] : '\0', "1svCf") && shape.logic(1);
  if (first == 'n') return shape.logic_of_numbers();
  if (first == 'U') return print.size > 2 && print.tokens[1] == 'E' && one_of(print.tokens[2], "1svCf");
  return false;
}

bool is_sql_injection(std::string_view value) {
  if (is_sql_injection(sql_fingerprint(value, SqlContext::kRaw), SqlContext::kRaw)) return true;
  for (const SqlContext context : {SqlContext::kSingleQuoted, SqlContext::kDoubleQuoted}) {
    if (value.find(quote_of(context)) == std::string_view::npos) continue;
    if (is_sql_injection(sql_fingerprint(value, context), context)) return true;
  }
  return false;
}

}  // namespace weir
