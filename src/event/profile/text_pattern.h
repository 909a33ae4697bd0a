#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/text/text_format.h"

namespace weir {

/// Reads what a field of a line is: "client_ip", "header x-forwarded-for", "response_header location", with words behind
/// for its escape (none, backslash, hash, quotes, percent, plus), its unit (ns, us, ms, s) or its form of time (as in
/// timestamp_format); empty for a field that is not used.
Result<TextField> read_text_field(std::string_view words, TextEscape escape);

/// Reads a line as profiles write it: literal text with fields in braces, "{client_ip} [{time}] \"{target}\" {} {status}";
/// a doubled brace is one brace.
Result<TextFormat> read_text_pattern(std::string_view pattern, TextEscape escape);

std::optional<TextEscape> text_escape_named(std::string_view name);
std::optional<DurationUnit> duration_unit_named(std::string_view name);
std::optional<TimestampFormat> timestamp_format_named(std::string_view name);

}  // namespace weir
