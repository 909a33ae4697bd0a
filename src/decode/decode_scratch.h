#pragma once

#include <array>
#include <string>

namespace weir {

/// JSON inside a value inside JSON: how many levels of values inside values are opened.
constexpr size_t kNestedLevelsMax = 2;

/// Buffers that a Decoder keeps from record to record, so that decoding does not allocate in steady state. Their sizes
/// are bounded by the longest value that is opened (kNestedBytesMax of value_lines.cc).
struct DecodeScratch {
  /// One per level of JSON being walked: the keys on the way to the current value, the name made of them, and the
  /// current string without its escapes.
  struct Json {
    std::string keys;
    std::string name;
    std::string value;
  };
  std::array<Json, kNestedLevelsMax + 1> json;
  std::array<std::string, kNestedLevelsMax> nested;  ///< the text of a value that is itself JSON
  std::string base64;
  std::string printable;    ///< the readable runs of a binary body
  std::string utf16;        ///< a UTF-16 body as UTF-8
  std::string utf16_part;   ///< a UTF-16 part of a multipart body
  std::string credentials;  ///< of an Authorization header
};

}  // namespace weir
