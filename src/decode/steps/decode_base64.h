#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Shorter values are words, numbers and ids far more often than base64 of anything.
constexpr size_t kBase64LengthMin = 16;
/// Values from here on count if what they say has signs in it that words, numbers and ids have not.
constexpr size_t kEncodedLengthMin = 8;

/// If `value` as a whole, or what follows ";base64," in a data URI, is base64 (standard or URL alphabet,
/// padded or not; a space counts as the plus it was before form-decoding) of mostly printable ASCII, puts the text into
/// `out` and returns true. Identifiers, hashes and images are turned down after a few bytes.
bool decode_base64_text(std::string_view value, std::string& out);

/// The same without a look at what comes out: for text that must be base64. False if it is not, or is longer than a header.
bool decode_base64_bytes(std::string_view text, std::string& out);

/// The same for hexadecimal, with 0x in front or without, of a text with signs in it.
bool decode_hexadecimal_text(std::string_view value, std::string& out);

}  // namespace weir
