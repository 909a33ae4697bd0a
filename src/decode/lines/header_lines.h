#pragma once

#include <span>
#include <string>

#include "decode/lines/value_lines.h"
#include "event/event.h"

namespace weir {

/// Writes "name=value" for each request header that has no place of its own, the name in lower case. Left out are the
/// headers that browsers send with every request, as long as their value is as plain as a browser's
/// (is_plain_header_value). At most `lines_max` lines; more headers are dropped and counted. What an Authorization header
/// wraps gets lines of its own (add_credentials); `buffer` is for that.
void add_headers(ValueLines& values, std::span<const Header> headers, size_t lines_max, std::string& buffer);

}  // namespace weir
