#pragma once

#include <string>
#include <string_view>

namespace weir {

/// True if the content is no text in any encoding that matters: more than a tenth of its bytes are control characters
/// (tab, CR, LF apart) or replacement characters, which is what a log makes of bytes that are no UTF-8.
bool is_binary(std::string_view content);

/// Puts the readable runs of a binary content (printable ASCII, at least 6 bytes long) into `out`, a space between two.
/// A script hidden in an image is found this way; random bytes give a run about once in 400 bytes.
void extract_printable(std::string_view content, std::string& out);

}  // namespace weir
