#pragma once

#include <string>
#include <string_view>

#include "decode/value_lines.h"

namespace weir {

/// Writes the parts of a multipart body: "name=value" for a field; for a file "name=filename" and, where it holds text,
/// "name=content". The boundary comes from the content type or, when that has none, from the body's first line. False
/// (and nothing written) if the body does not consist of such parts. `printable` is a scratch buffer.
bool add_multipart(ValueLines& values, std::string_view content_type, std::string_view body, std::string& printable);

}  // namespace weir
