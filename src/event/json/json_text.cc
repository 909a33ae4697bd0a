#include "event/json/json_text.h"

#include <cstdint>

#include "event/json/json_number.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kBytesKept = 256 << 10;

void append_string(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20) {
      ((out += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_array(const dom::array& list, std::string& out) {
  char separator = '[';
  for (const auto item : list) {
    out += separator;
    append_json_text(item, out);
    separator = ',';
  }
  if (separator == '[') out += '[';
  out += ']';
}

void append_object(const dom::object& object, std::string& out) {
  char separator = '{';
  for (const auto field : object) {
    out += separator;
    append_string(field.key, out);
    out += ':';
    append_json_text(field.value, out);
    separator = ',';
  }
  if (separator == '{') out += '{';
  out += '}';
}

}  // namespace

// Recursion is bounded by the depth that the reader of the document accepts.
void append_json_text(const dom::element& value, std::string& out) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return append_array(dom::array(value), out);
    case dom::element_type::OBJECT:
      return append_object(dom::object(value), out);
    case dom::element_type::STRING:
      return append_string(std::string_view(value), out);
    case dom::element_type::INT64:
      return append_json_number(int64_t(value), out);
    case dom::element_type::UINT64:
      return append_json_number(uint64_t(value), out);
    case dom::element_type::DOUBLE:
      return append_json_number(double(value), out);
    case dom::element_type::BOOL:
      out += bool(value) ? "true" : "false";
      return;
    case dom::element_type::NULL_VALUE:
      out += "null";
      return;
  }
}

std::string_view JsonText::of(const dom::element& value, Arena& arena) {
  if (buffer_.capacity() > kBytesKept) buffer_ = {};
  buffer_.clear();
  append_json_text(value, buffer_);
  return arena.copy(buffer_);
}

}  // namespace weir
