#include "decode/decoded_record.h"

#include <algorithm>

namespace weir {

std::string_view to_string(Place place) {
  switch (place) {
    case Place::kPath:
      return "path";
    case Place::kQuery:
      return "query";
    case Place::kForm:
      return "form";
    case Place::kJson:
      return "json";
    case Place::kMultipart:
      return "multipart";
    case Place::kXml:
      return "xml";
    case Place::kCookie:
      return "cookie";
    case Place::kHeader:
      return "header";
    case Place::kBody:
      return "body";
    case Place::kUserAgent:
      return "user_agent";
    case Place::kReferer:
      return "referer";
    case Place::kHost:
      return "host";
    case Place::kRawUri:
      return "raw_uri";
    case Place::kRawPath:
      return "raw_path";
    case Place::kRawQuery:
      return "raw_query";
    case Place::kRawCookie:
      return "raw_cookie";
    case Place::kRawReferer:
      return "raw_referer";
    case Place::kRawUserAgent:
      return "raw_user_agent";
    case Place::kRawBody:
      return "raw_body";
    case Place::kCount:
      break;
  }
  return "unknown";
}

std::string_view to_string(DecodeStep step) {
  switch (step) {
    case DecodeStep::kPercent:
      return "percent";
    case DecodeStep::kPercentTwice:
      return "percent_twice";
    case DecodeStep::kPlus:
      return "plus";
    case DecodeStep::kHtmlEntity:
      return "html_entity";
    case DecodeStep::kUnicodeEscape:
      return "unicode_escape";
    case DecodeStep::kOverlongUtf8:
      return "overlong_utf8";
    case DecodeStep::kNullByte:
      return "null_byte";
    case DecodeStep::kSqlComment:
      return "sql_comment";
    case DecodeStep::kFullWidth:
      return "full_width";
    case DecodeStep::kBase64:
      return "base64";
    case DecodeStep::kControl:
      return "control";
    case DecodeStep::kUtf8Repaired:
      return "utf8_repaired";
    case DecodeStep::kTruncated:
      return "truncated";
  }
  return "unknown";
}

std::string_view to_string(Evasion evasion) {
  switch (evasion) {
    case Evasion::kDoubleEncoding:
      return "double_encoding";
    case Evasion::kOverlongUtf8:
      return "overlong_utf8";
    case Evasion::kNullByte:
      return "null_byte";
    case Evasion::kCommentSplitting:
      return "comment_splitting";
    case Evasion::kInvalidPercent:
      return "invalid_percent";
    case Evasion::kInvalidUtf8:
      return "invalid_utf8";
    case Evasion::kLineBreak:
      return "line_break";
    case Evasion::kFullWidth:
      return "full_width";
    case Evasion::kUnicodeEscape:
      return "unicode_escape";
  }
  return "unknown";
}

size_t DecodedRecord::line_at(uint32_t end) const {
  const uint32_t byte = end == 0 ? 0 : end - 1;
  const auto after = std::upper_bound(lines.begin(), lines.end(), byte,
                                      [](uint32_t offset, const Line& line) { return offset < line.begin; });
  return after == lines.begin() ? 0 : static_cast<size_t>(after - lines.begin()) - 1;
}

}  // namespace weir
