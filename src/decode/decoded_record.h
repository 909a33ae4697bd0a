#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/line_break_mark.h"

namespace weir {

/// Where in the request a line of decoded text comes from. Names (to_string) stand in alerts, rules and exclusions.
enum class Place : uint8_t {
  kPath,       ///< the whole path, decoded
  kQuery,      ///< one query parameter: "name=value", decoded
  kForm,       ///< one form parameter: "name=value"
  kJson,       ///< one JSON leaf: "a[b][]=value"; keys in bracket notation so that rules see one form
  kMultipart,  ///< one multipart part: "name=value"; a file part's name is "name" and its line "name=filename"
  kXml,        ///< one text or attribute of an XML body: "element=text", "element[attribute]=value"
  kCookie,     ///< one cookie: "name=value"
  kHeader,     ///< one other request header: "name=value", name in lower case
  kBody,       ///< a body without known structure (text, markup of pages, broken JSON), as one line
  kUserAgent,
  kReferer,
  kHost,
  kXmlDocument,  ///< an XML body as a whole, as one line
  kRawUri,       ///< path and query as on the wire, for Sigma's c-uri
  kRawPath,      ///< cs-uri-stem
  kRawQuery,     ///< cs-uri-query
  kRawCookie,
  kRawReferer,
  kRawUserAgent,
  kRawBody,
  kCount,
};
template <>
inline constexpr auto kNamesOf<Place> = std::to_array<std::string_view>(
    {"path",     "query",     "form",       "json",        "multipart",      "xml",          "cookie",
     "header",   "body",      "user_agent", "referer",     "host",           "xml_document", "raw_uri",
     "raw_path", "raw_query", "raw_cookie", "raw_referer", "raw_user_agent", "raw_body"});

using PlaceMask = uint32_t;  ///< bit i = Place i
constexpr PlaceMask mask_of(Place place) {
  return PlaceMask{1} << static_cast<unsigned>(place);
}
/// Every place in which a client's decoded text stands: where an attack may be.
constexpr PlaceMask kUserTextPlaces = mask_of(Place::kPath) | mask_of(Place::kQuery) | mask_of(Place::kForm) |
                                      mask_of(Place::kJson) | mask_of(Place::kMultipart) | mask_of(Place::kXml) |
                                      mask_of(Place::kCookie) | mask_of(Place::kHeader) | mask_of(Place::kBody) |
                                      mask_of(Place::kUserAgent) | mask_of(Place::kReferer) | mask_of(Place::kHost) |
                                      mask_of(Place::kXmlDocument);
/// Text that a browser may come to see as a page: of an XML document its texts and attributes, not its elements.
constexpr PlaceMask kMarkupPlaces = kUserTextPlaces & ~mask_of(Place::kXmlDocument);
/// One named parameter a line.
constexpr PlaceMask kParameterPlaces = mask_of(Place::kQuery) | mask_of(Place::kForm) | mask_of(Place::kJson) |
                                       mask_of(Place::kMultipart) | mask_of(Place::kXml) | mask_of(Place::kCookie);

/// Places whose lines are "name=value", or "=value" where there is no name.
constexpr bool has_names(Place place) {
  return (mask_of(place) & (kParameterPlaces | mask_of(Place::kHeader))) != 0;
}

/// What decoding did to a line, as bits; the alert names them (DE9).
enum class DecodeStep : uint32_t {
  kPercent = 1 << 0,
  kPercentTwice = 1 << 1,  ///< two or more rounds of percent-decoding changed something
  kPlus = 1 << 2,
  kHtmlEntity = 1 << 3,
  kUnicodeEscape = 1 << 4,  ///< \u0041, %u0041, \x41
  kOverlongUtf8 = 1 << 5,
  kNullByte = 1 << 6,    ///< removed; of UTF-16 every other byte was one
  kSqlComment = 1 << 7,  ///< /* */ replaced by a space, /*!50000 … */ unwrapped
  kFullWidth = 1 << 8,   ///< full-width and similar forms folded to ASCII
  kBase64 = 1 << 9,
  kControl = 1 << 10,  ///< CR/LF or other control characters inside a value, mapped to a space
  kUtf8Repaired = 1 << 11,
  kTruncated = 1 << 12,    ///< the line is longer than the cap: the rest was not scanned
  kHexadecimal = 1 << 13,  ///< the line before this one was hexadecimal of text
  kShellWord = 1 << 14,    ///< the line before this one without what shells drop from words
  kLineBreaks = 1 << 15,   ///< the beginnings of the line before this one's lines, joined by kLineBreakMark
};
using DecodeSteps = uint32_t;  ///< DecodeStep bits
constexpr bool has(DecodeSteps steps, DecodeStep step) {
  return (steps & static_cast<DecodeSteps>(step)) != 0;
}
template <>
inline constexpr auto kBitNamesOf<DecodeStep> = std::to_array<std::string_view>(
    {"percent", "percent_twice", "plus", "html_entity", "unicode_escape", "overlong_utf8", "null_byte", "sql_comment",
     "full_width", "base64", "control", "utf8_repaired", "truncated", "hexadecimal", "shell_word", "line_breaks"});

/// Tricks that decoding erases and that are signals of their own; bits, per record.
enum class Evasion : uint16_t {
  kDoubleEncoding = 1 << 0,
  kOverlongUtf8 = 1 << 1,
  kNullByte = 1 << 2,
  kCommentSplitting = 1 << 3,  ///< a comment between letters or keywords: "UN/**/ION"
  kInvalidPercent = 1 << 4,    ///< "%zz"
  kInvalidUtf8 = 1 << 5,
  kLineBreak = 1 << 6,  ///< an encoded CR or LF inside a path, query, header or cookie value
  kFullWidth = 1 << 7,
  kUnicodeEscape = 1 << 8,  ///< \u or %u in a place where it is no normal encoding (not in JSON)
};
using Evasions = uint16_t;
constexpr bool has(Evasions evasions, Evasion evasion) {
  return (evasions & static_cast<Evasions>(evasion)) != 0;
}
template <>
inline constexpr auto kBitNamesOf<Evasion> =
    std::to_array<std::string_view>({"double_encoding", "overlong_utf8", "null_byte", "comment_splitting",
                                     "invalid_percent", "invalid_utf8", "line_break", "full_width", "unicode_escape"});

/// One field of the record inside the joined text: text[begin, end), without the '\n' that ends it.
struct Line {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint16_t name_length = 0;  ///< bytes of the parameter's name at the front; the value follows after '='; 0: no name
  Place place = Place::kPath;
  DecodeSteps steps = 0;
};

/// The text that is scanned: all lines of one record joined by '\n' into one buffer, so that one scan covers the record.
/// No line holds a '\n' itself, so `^`, `$` and `.` of the patterns work per line. Reused from record to record.
struct DecodedRecord {
  std::string text;
  std::vector<Line> lines;
  Evasions evasions = 0;
  uint32_t truncated_lines = 0;
  uint32_t dropped_lines = 0;  ///< lines beyond the cap of lines, bytes or nesting

  void clear() {
    text.clear();
    lines.clear();
    evasions = 0;
    truncated_lines = 0;
    dropped_lines = 0;
  }
  [[nodiscard]] std::string_view line_text(const Line& line) const {
    return std::string_view(text).substr(line.begin, line.end - line.begin);
  }
  [[nodiscard]] std::string_view name_of(const Line& line) const { return line_text(line).substr(0, line.name_length); }
  [[nodiscard]] std::string_view value_of(const Line& line) const { return line_text(line).substr(value_offset(line)); }
  /// Where in the line the value begins: behind the '='.
  [[nodiscard]] size_t value_offset(const Line& line) const {
    if (line.name_length != 0) return line.name_length + size_t{1};
    return has_names(line.place) && line.begin < line.end && text[line.begin] == '=' ? 1 : 0;
  }
  /// The line that holds the byte before text offset `end` (a match's end); index into lines. Binary search.
  [[nodiscard]] size_t line_at(uint32_t end) const;
};

}  // namespace weir
