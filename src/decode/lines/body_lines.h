#pragma once

#include <string_view>

#include "decode/decode_scratch.h"
#include "decode/lines/value_lines.h"

namespace weir {

/// Writes a request body as what it looks like, whatever the content type says, since servers guess too: JSON, multipart,
/// a form, else one line of the whole, and of XML what it says as well. UTF-16 is read as the text it stands for.
void add_body(ValueLines& values, std::string_view content_type, std::string_view body, DecodeScratch& scratch);

}  // namespace weir
