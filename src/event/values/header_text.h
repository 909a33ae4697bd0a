#pragma once

#include <string_view>

#include "event/values/header_list.h"

namespace weir {

/// "Name: value"; a line without a colon is the value of a header without a name, so that it is seen.
void add_header_line(std::string_view line, HeaderSink& headers);

/// Header lines, each behind a line break.
void add_header_lines(std::string_view text, HeaderSink& headers);

}  // namespace weir
