#pragma once

#include <string>
#include <string_view>

namespace weir {

/// If `text` is UTF-16 of mostly ASCII (with a byte order mark or without, either byte order), puts it as UTF-8 into `out`
/// and returns true. Told by the zeros at every other byte; a log that repaired the text's bytes before weir saw them keeps
/// those. Cost: a few bytes for a text that is none, one pass for one that is.
bool decode_utf16(std::string_view text, std::string& out);

}  // namespace weir
