#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Shorter values are words, numbers and ids far more often than base64 of anything.
constexpr size_t kBase64LengthMin = 16;

/// If `value` as a whole, or what follows ";base64," in a data URI, is base64 (standard or URL alphabet,
/// padded or not; a space counts as the plus it was before form-decoding) of mostly printable ASCII, puts the text into
/// `out` and returns true. Identifiers, hashes and images are turned down after a few bytes.
bool decode_base64_text(std::string_view value, std::string& out);

}  // namespace weir
