#include "detect/confirm/script_tokenizer.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr bool is_name_char(char c) {
  return is_word_byte(c) || c == '$';
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}
template <size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return equals_without_case(text, name); });
}

/// Elements that load or run something, or change what the page means, whatever their attributes.
constexpr std::array<std::string_view, 11> kActiveElements = {
    "script", "iframe", "object", "embed", "applet", "base", "frame", "frameset", "isindex", "portal", "bgsound"};
/// Attributes whose value is loaded or followed.
constexpr std::array<std::string_view, 13> kUrlAttributes = {
    "href",   "src",    "action", "formaction", "data",   "xlink:href", "background",
    "dynsrc", "lowsrc", "poster", "to",         "values", "from"};

/// A handler: "on" and letters only. Every browser ignores names it does not know, so that unknown ones are no alarm: the shortest
/// are oncut, the longest some 30 letters.
bool is_handler(std::string_view name) {
  constexpr size_t kShortest = 5, kLongest = 32;
  return name.size() >= kShortest && name.size() <= kLongest && to_lower(name[0]) == 'o' && to_lower(name[1]) == 'n' &&
         std::all_of(name.begin(), name.end(), is_ascii_letter);
}

/// Does the text begin with the word, case and spaces inside it ignored (browsers drop tabs and line breaks in schemes)?
/// `end` becomes the position behind it.
bool begins_spaced(std::string_view text, std::string_view word, size_t& end) {
  constexpr size_t kLookedAt = 64;
  size_t at = 0, matched = 0;
  while (at < text.size() && at < kLookedAt && matched < word.size()) {
    if (to_lower(text[at]) == word[matched])
      ++matched;
    else if (!is_space(text[at]))
      return false;
    ++at;
  }
  end = at;
  return matched == word.size();
}

/// javascript: and vbscript: with something that is called or assigned, data: with markup.
bool is_script_url(std::string_view url) {
  while (!url.empty() && (is_space(url.front()) || url.front() == '\'' || url.front() == '"'))
    url.remove_prefix(1);
  size_t end = 0;
  if (begins_spaced(url, "javascript:", end) || begins_spaced(url, "vbscript:", end)) {
    constexpr std::string_view kNothing = "void(0)";  // the usual link that does nothing
    while (end < url.size() && is_space(url[end]))
      ++end;
    if (url.substr(end, kNothing.size()) == kNothing) end += kNothing.size();
    return url.find_first_of("(`=[.", end) != std::string_view::npos;
  }
  if (!begins_spaced(url, "data:", end)) return false;
  constexpr size_t kTypeMax = 80;
  const std::string_view type = url.substr(end, kTypeMax);
  const auto holds = [&](std::string_view word) {
    return std::search(type.begin(), type.end(), word.begin(), word.end(),
                       [](char a, char b) { return to_lower(a) == b; }) != type.end();
  };
  return type.find(',') != std::string_view::npos &&
         (holds("html") || holds("svg") || holds("xml") || holds("javascript"));
}

/// Reads the attributes of a tag.
class Tag {
 public:
  Tag(std::string_view text, size_t at) : text_(text), at_(at) {}

  /// True when one of them runs script. Ends behind the tag's '>'.
  bool runs_script() {
    bool runs = false;
    while (at_ < text_.size() && text_[at_] != '>' && text_[at_] != '<') {
      if (is_separator(text_[at_]))
        ++at_;
      else
        runs |= take_attribute();
    }
    if (at_ < text_.size() && text_[at_] == '>') ++at_;
    return runs;
  }
  [[nodiscard]] size_t end() const { return at_; }

 private:
  static bool is_separator(char c) { return is_space(c) || c == '/' || c == '"' || c == '\'' || c == '`' || c == '='; }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (is_space(peek()))
      ++at_;
  }

  bool take_attribute() {
    const size_t begin = at_;
    while (at_ < text_.size() && !is_separator(text_[at_]) && text_[at_] != '>' && text_[at_] != '<')
      ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    skip_spaces();
    if (peek() != '=') return false;
    ++at_;
    skip_spaces();
    const std::string_view value = take_value();
    if (is_handler(name)) return is_code(value);
    if (equals_without_case(name, "srcdoc")) return value.find('<') != std::string_view::npos;
    return is_one_of(name, kUrlAttributes) && is_script_url(value);
  }

  std::string_view take_value() {
    const char quote = peek();
    if (quote == '"' || quote == '\'' || quote == '`') {
      const size_t begin = ++at_;
      const size_t close = text_.find(quote, begin);
      at_ = close == std::string_view::npos ? text_.size() : close + 1;
      return text_.substr(begin, (close == std::string_view::npos ? text_.size() : close) - begin);
    }
    const size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '>')
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// A handler's value that does something: a call, an assignment, a template, or a name that is one. Words one behind the other
  /// are none, however a dictionary's word begins.
  static bool is_code(std::string_view value) {
    if (value.empty()) return false;
    constexpr std::string_view kFirst = "([{`!+-~;/\\&\"'";
    if (!is_name_char(value[0])) return kFirst.find(value[0]) != std::string_view::npos;
    const size_t word = static_cast<size_t>(std::find_if_not(value.begin(), value.end(), is_name_char) - value.begin());
    const bool words_follow = word + 1 < value.size() && is_space(value[word]) && is_name_char(value[word + 1]);
    return !words_follow || value.find_first_of("(`=.[;+{&\\") != std::string_view::npos;
  }

  std::string_view text_;
  size_t at_;
};

bool element_runs(std::string_view text, size_t& at) {
  size_t begin = at + 1;  // behind '<'
  while (begin < text.size() && (is_space(text[begin]) || text[begin] == '/') && begin - at < 4)
    ++begin;
  size_t end = begin;
  while (end < text.size() && (is_name_char(text[end]) || text[end] == ':' || text[end] == '-'))
    ++end;
  std::string_view name = text.substr(begin, end - begin);
  if (name.empty() || !is_ascii_letter(name[0])) {
    ++at;
    return false;
  }
  name.remove_prefix(name.rfind(':') == std::string_view::npos ? 0 : name.rfind(':') + 1);
  const bool closes = text[at + 1] == '/';
  Tag tag(text, end);
  const bool runs = tag.runs_script();
  at = tag.end();
  const bool is_tag = text.substr(end, at - end).find_first_of("/>=") != std::string_view::npos;
  return runs || (!closes && is_tag && is_one_of(name, kActiveElements));
}

/// "…" onfocus=…: the value closes an attribute's quote (or needs none) and goes on with attributes.
bool breaks_out_of_attribute(std::string_view text) {
  const size_t quote = text.find_first_of("\"'`");
  if (quote != std::string_view::npos && Tag(text, quote + 1).runs_script()) return true;
  return Tag(text, 0).runs_script();
}

/// Words behind which a bracket is no call.
constexpr std::array<std::string_view, 12> kCalled = {"alert",   "confirm", "prompt", "eval", "fetch", "settimeout",
                                                      "require", "import",  "print",  "atob", "open",  "function"};

/// What a window has that leads to the page or out of it.
constexpr std::array<std::string_view, 9> kPageMembers = {"document", "location", "window", "self", "top",
                                                          "parent",   "opener",   "frames", "name"};

/// Does a call of a script's own function, or an access to the page, begin here?
bool begins_call(std::string_view text, size_t at) {
  while (at < text.size() && (is_space(text[at]) || text[at] == '(' || text[at] == '!' || text[at] == '+'))
    ++at;
  size_t end = at;
  while (end < text.size() && is_name_char(text[end]))
    ++end;
  const std::string_view name = text.substr(at, end - at);
  if (name.empty()) return false;
  if (equals_without_case(name, "document") || equals_without_case(name, "window") ||
      equals_without_case(name, "location"))
    return end < text.size() && (text[end] == '.' || text[end] == '[' || text[end] == '=');
  // These are common words and, in other languages, the object itself (self.name()): what is reached must be the page's.
  if (equals_without_case(name, "self") || equals_without_case(name, "top") || equals_without_case(name, "parent")) {
    if (end < text.size() && (text[end] == '[' || text[end] == '=')) return true;
    if (end >= text.size() || text[end] != '.') return false;
    size_t member_end = end + 1;
    while (member_end < text.size() && is_name_char(text[member_end]))
      ++member_end;
    const std::string_view member = text.substr(end + 1, member_end - end - 1);
    return is_one_of(member, kCalled) || is_one_of(member, kPageMembers);
  }
  while (end < text.size() && (is_space(text[end]) || text[end] == '?' || text[end] == '.'))
    ++end;
  return end < text.size() && (text[end] == '(' || text[end] == '`' || text[end] == ')') && is_one_of(name, kCalled);
}

/// ';alert(1)// or "-alert(1)-": the value closes a script's string and goes on with an expression. Of each kind of quote every second
/// one opens a string of the value's own (as all pairs in program text do), unless it follows another directly.
bool breaks_out_of_string(std::string_view text) {
  constexpr std::string_view kQuotes = "\"'`";
  constexpr size_t kSignsMax = 8;
  std::array<bool, kQuotes.size()> odd{};
  for (size_t at = text.find_first_of(kQuotes); at != std::string_view::npos;
       at = text.find_first_of(kQuotes, at + 1)) {
    bool& is_odd = odd[kQuotes.find(text[at])];
    is_odd = !is_odd;
    const bool behind_quote = at > 0 && kQuotes.find(text[at - 1]) != std::string_view::npos;
    if (!is_odd && !behind_quote) continue;
    size_t next = at + 1;
    bool sign = false;
    for (; next < text.size() && next - at <= kSignsMax; ++next) {
      const char c = text[next];
      if (std::string_view(";+-*/%&|^,?:)}]=<>").find(c) != std::string_view::npos)
        sign = true;
      else if (!is_space(c))
        break;
    }
    if (sign && begins_call(text, next)) return true;
  }
  return false;
}

}  // namespace

ScriptContext script_context(std::string_view value) {
  for (size_t at = value.find('<'); at != std::string_view::npos; at = value.find('<', at))
    if (element_runs(value, at)) return ScriptContext::kElement;
  if (is_script_url(value)) return ScriptContext::kUrl;
  if (breaks_out_of_attribute(value)) return ScriptContext::kAttribute;
  if (breaks_out_of_string(value)) return ScriptContext::kScriptString;
  return ScriptContext::kNone;
}

}  // namespace weir
