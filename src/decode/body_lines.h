#pragma once

#include <string_view>

#include "decode/value_lines.h"

namespace weir {

/// Writes a request body as what it looks like, whatever the content type says, since servers guess too: JSON, multipart,
/// a form, else one kBody line, and of XML what it says as well.
void add_body(ValueLines& values, std::string_view content_type, std::string_view body, std::string& printable);

}  // namespace weir
