#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/directive/directive_template.h"

namespace weir {

/// Text whose quotes and backslashes were undone, with where each byte stood before.
struct ConfigText {
  std::string text{};
  std::vector<uint32_t> offsets{};  ///< one per byte of `text`, and one for its end

  void add(char byte, size_t offset);
  void finish(size_t offset) { offsets.push_back(static_cast<uint32_t>(offset)); }
  [[nodiscard]] size_t offset_of(size_t at) const { return offsets[at < offsets.size() ? at : offsets.size() - 1]; }
};

/// A word of a configuration file.
struct ConfigWord {
  ConfigText value{};
  bool is_quoted = false;
};

/// How a server's configuration writes words. Quotes may be single or double and may stand within a word.
struct ConfigSyntax {
  std::string_view escapable{};  ///< what a backslash in front of takes the meaning from; the backslash then is gone
  bool single_quotes_escape = true;  ///< backslashes mean something between single quotes
  bool bare_escape = false;          ///< and outside of quotes
  bool control_escapes = false;      ///< \t, \n and \r are those characters
  char end = '\n';                   ///< ends the directive, outside of quotes
};

/// The words from `begin` on, up to the end of the directive. The fault is a quote without its fellow.
DirectiveResult<std::vector<ConfigWord>> read_config_words(std::string_view text, size_t begin,
                                                           const ConfigSyntax& syntax);

/// The text from `begin` to `end` as it is.
ConfigText plain_config_text(std::string_view text, size_t begin, size_t end);

/// The text without white space at both ends, as begin and end.
std::pair<size_t, size_t> trimmed_range(std::string_view text);

/// Whether the text from `at` on starts with the word, followed by white space.
bool starts_with_word(std::string_view text, size_t at, std::string_view word);

}  // namespace weir
