#pragma once

#include <string>
#include <string_view>

#include "decode/decode_scratch.h"
#include "decode/lines/value_lines.h"

namespace weir {

/// Writes the parts of a multipart body: "name=value" for a field; for a file "name=filename" (each, if there are several)
/// and, where it holds text, "name=content"; other parameters of the part's header are "name[parameter]=value". The boundary comes from the content type or, when that has none, from the body's first line. False
/// (and nothing written) if the body does not consist of such parts.
bool add_multipart(ValueLines& values, std::string_view content_type, std::string_view body, DecodeScratch& scratch);

}  // namespace weir
