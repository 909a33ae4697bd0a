#include "decode/lines/body_lines.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/hex.h"
#include "decode/lines/multipart_lines.h"
#include "decode/lines/pair_lines.h"
#include "decode/lines/xml_lines.h"
#include "decode/steps/binary_text.h"
#include "decode/steps/utf16_text.h"

namespace weir {
namespace {

/// The first zero byte of a UTF-16 text stands in front of or behind its first characters.
constexpr size_t kUtf16ZeroMax = 16;

bool is_space(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

std::string_view without_leading_space(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  return text;
}

/// "name=…", the name being one that forms have.
bool looks_like_form(std::string_view body) {
  constexpr size_t kNameBytesMax = 64;
  const size_t equals = body.substr(0, kNameBytesMax + 1).find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  const std::string_view name = body.substr(0, equals);
  const bool name_like = std::all_of(name.begin(), name.end(), [](char byte) {
    return is_word_byte(byte) || byte == '-' || byte == '.' || byte == '[' || byte == ']' || byte == '%' || byte == '$';
  });
  // Several lines of "key = value" are a configuration file, not a form; programs that send files end them with a line break.
  const size_t line_break = body.find('\n');
  return name_like && (line_break == std::string_view::npos ||
                       body.find_first_not_of(" \t\r\n", line_break) == std::string_view::npos);
}

/// Percent-encoded text without a name, as the body of a form with one nameless field is: "%22%3Bselect+1".
bool looks_percent_encoded(std::string_view body) {
  constexpr std::string_view kPlainBytes = "-._~*!'(),;:@/&=+%";
  bool escaped = false;
  for (size_t i = 0; i < body.size(); ++i) {
    if (!is_word_byte(body[i]) && kPlainBytes.find(body[i]) == std::string_view::npos) return false;
    escaped |= body[i] == '%' && i + 2 < body.size() && hex_value(body[i + 1]) >= 0 && hex_value(body[i + 2]) >= 0;
  }
  return escaped;
}

/// Writes the leaves of a JSON body and what of it is no JSON. False if nothing of it is.
bool add_json_body(ValueLines& values, std::string_view body) {
  const size_t read = values.add_json(Place::kJson, {}, body, 0);
  if (read == 0) return false;
  if (read < body.size()) values.add(Place::kBody, {}, body.substr(read));
  return true;
}

void add_unstructured(ValueLines& values, Place place, std::string_view body, std::string& printable) {
  if (!is_binary(body)) {
    values.add(place, {}, body);
    return;
  }
  extract_printable(body, printable);
  values.add(place, {}, printable);
}

}  // namespace

void add_body(ValueLines& values, std::string_view content_type, std::string_view body, DecodeScratch& scratch) {
  if (body.empty()) return;
  if (body.find('\0') < kUtf16ZeroMax && decode_utf16(body, scratch.utf16)) body = scratch.utf16;
  const std::string_view start = without_leading_space(body);
  const bool multipart = starts_without_case(content_type, "multipart/") || start.starts_with("--");
  if (multipart && add_multipart(values, content_type, start, scratch)) return;
  if ((start.starts_with("{") || start.starts_with("[")) && add_json_body(values, start)) return;
  const bool form = starts_without_case(content_type, "application/x-www-form-urlencoded") && !start.starts_with("<");
  if (form || looks_like_form(start) || (content_type.empty() && looks_percent_encoded(start))) {
    add_url_pairs(values, Place::kForm, body,
                  values.writer().lines_left() - std::min<size_t>(values.writer().lines_left(), 1));
    return;
  }
  const bool xml = looks_like_xml(start);
  add_unstructured(values, xml && !is_page(start) ? Place::kXmlDocument : Place::kBody, body, scratch.printable);
  if (xml) add_xml(values, start);
}

}  // namespace weir
