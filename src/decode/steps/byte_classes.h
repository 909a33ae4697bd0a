#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

/// Which kinds of bytes that some decoding step reacts to occur in a text, as bits. 0: decoding cannot change it.
using ByteClasses = uint16_t;
namespace byte_class {
constexpr ByteClasses kPercent = 1 << 0;    ///< %
constexpr ByteClasses kPlus = 1 << 1;       ///< +
constexpr ByteClasses kAmpersand = 1 << 2;  ///< &
constexpr ByteClasses kBackslash = 1 << 3;  ///< the backslash
constexpr ByteClasses kAsterisk = 1 << 4;   ///< *, without which there is no comment
constexpr ByteClasses kControl = 1 << 5;    ///< 0x00 to 0x1f
constexpr ByteClasses kShell = 1 << 6;      ///< ", $ and ': what shells drop from words (see shell_words.h)
constexpr ByteClasses kDelete = 1 << 7;     ///< 0x7f
constexpr ByteClasses kHigh = 1 << 8;       ///< 0x80 and above
}  // namespace byte_class

/// The classes that occur in `text`: 16 bytes at a time with SSSE3, one by one elsewhere.
ByteClasses classify(std::string_view text);

/// Copies `text` to `target` and classifies it on the way. The two must not overlap.
ByteClasses copy_and_classify(char* target, std::string_view text);

/// Offset of the first '"' or backslash at or behind `from`, text.size() if there is none.
size_t find_quote_or_backslash(std::string_view text, size_t from);

/// True if two spaces follow each other in `text`.
bool has_double_space(std::string_view text);

/// True if `value` cannot carry anything but what a browser puts into accept-like headers: letters, digits and
/// `,;=.*/+-_:?"`, single spaces after a separator, and none of `..`, `**` and `//`.
bool is_plain_header_value(std::string_view value);

}  // namespace weir
