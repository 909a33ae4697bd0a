#pragma once

#include <string_view>

#include "decode/lines/value_lines.h"

namespace weir {

/// Writes one line per "name=value" of a query string or a form, split at '&'. At most `lines_max` lines: what follows
/// goes into a last one as it is, so that a crowd of parameters pushes nothing out of sight.
void add_url_pairs(ValueLines& values, Place place, std::string_view text, size_t lines_max);

/// The same for a Cookie header, split at ';'.
void add_cookies(ValueLines& values, std::string_view text, size_t lines_max);

}  // namespace weir
