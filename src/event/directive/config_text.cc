#include "event/directive/config_text.h"

namespace weir {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

bool is_white(char c) {
  return kWhiteSpace.find(c) != std::string_view::npos;
}

/// Reads one word after the other, undoing quotes and backslashes.
class WordReader {
 public:
  WordReader(std::string_view text, size_t begin, const ConfigSyntax& syntax)
      : text_(text), at_(begin), syntax_(syntax) {}

  DirectiveResult<std::vector<ConfigWord>> read() {
    std::vector<ConfigWord> words;
    while (true) {
      while (at_ < text_.size() && is_white(text_[at_]) && text_[at_] != syntax_.end)
        ++at_;
      if (at_ >= text_.size() || text_[at_] == syntax_.end) return words;
      ConfigWord word;
      if (auto done = read_word(word); !done) return tl::unexpected(done.error());
      words.push_back(std::move(word));
    }
  }

 private:
  DirectiveResult<void> read_word(ConfigWord& word) {
    char quote = '\0';
    size_t opened = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote == '\0' && (is_white(c) || c == syntax_.end)) break;
      if (c == '\\' && escapes_in(quote) && at_ + 1 < text_.size() && add_escaped(word.value)) continue;
      if (quote == '\0' && (c == '"' || c == '\'')) {
        quote = c;
        opened = at_;
        word.is_quoted = true;
      } else if (quote != '\0' && c == quote) {
        quote = '\0';
      } else {
        word.value.add(c, at_);
      }
    }
    if (quote != '\0') return directive_fault(opened, std::string("the quote ") + quote + " is not closed");
    word.value.finish(at_);
    return {};
  }

  [[nodiscard]] bool escapes_in(char quote) const {
    if (quote == '\0') return syntax_.bare_escape;
    return quote == '"' || syntax_.single_quotes_escape;
  }

  // The character behind a backslash, if the two are one.
  bool add_escaped(ConfigText& value) {
    const char next = text_[at_ + 1];
    if (syntax_.escapable.find(next) != std::string_view::npos) {
      value.add(next, at_);
    } else if (syntax_.control_escapes && (next == 't' || next == 'n' || next == 'r')) {
      value.add(next == 't' ? '\t' : next == 'n' ? '\n' : '\r', at_);
    } else {
      return false;
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_;
  const ConfigSyntax& syntax_;
};

}  // namespace

void ConfigText::add(char byte, size_t offset) {
  text += byte;
  offsets.push_back(static_cast<uint32_t>(offset));
}

DirectiveResult<std::vector<ConfigWord>> read_config_words(std::string_view text, size_t begin,
                                                           const ConfigSyntax& syntax) {
  return WordReader(text, begin, syntax).read();
}

ConfigText plain_config_text(std::string_view text, size_t begin, size_t end) {
  ConfigText plain;
  for (size_t i = begin; i < end; ++i)
    plain.add(text[i], i);
  plain.finish(end);
  return plain;
}

std::pair<size_t, size_t> trimmed_range(std::string_view text) {
  const auto begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {0, 0};
  return {begin, text.find_last_not_of(kWhiteSpace) + 1};
}

bool starts_with_word(std::string_view text, size_t at, std::string_view word) {
  return text.substr(at).starts_with(word) && at + word.size() < text.size() && is_white(text[at + word.size()]);
}

}  // namespace weir
