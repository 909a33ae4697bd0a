#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace weir {

/// Reads a Sigma string: `*` and `?` are wildcards, a backslash before `*`, `?` or a backslash makes it literal, any other
/// backslash stands for itself.
PatternString parse_pattern_string(std::string_view text);

/// The literal text of a string without wildcards; empty when it has one.
std::optional<std::string> literal_of(const PatternString& pattern);
PatternString pattern_of_literal(std::string text);

/// The `contains`, `startswith` and `endswith` modifiers: a wildcard at both ends, the end, the beginning.
void open_front(PatternString& pattern);
void open_back(PatternString& pattern);
/// The three forms the bytes take inside a longer base64 text, by their offset modulo 3, without the characters that depend
/// on the neighbouring bytes (Sigma's base64offset).
std::vector<std::string> base64_offset_forms(std::string_view bytes);

enum class Utf16Order { kLittle, kBig };
enum class ByteOrderMark { kNone, kFirst };
/// UTF-8 as UTF-16 code units; invalid bytes become U+FFFD.
std::string to_utf16(std::string_view utf8, Utf16Order order, ByteOrderMark mark);

/// Sigma's windash: every combination of the five characters Windows takes for an option's dash, for each dash or slash that
/// starts a word. Empty when there would be more than 625 combinations.
std::vector<std::string> windash_forms(std::string_view text);

}  // namespace weir
