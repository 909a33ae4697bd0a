#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/hex.h"

namespace weir {

/// A name or value of a query or form, decoded once, as applications do; the text itself where nothing is encoded.
inline std::string_view decode_once(std::string_view text, std::string& buffer) {
  const auto is_code = [](char c) { return c == '%' || c == '+'; };
  if (std::none_of(text.begin(), text.end(), is_code)) return text;
  buffer.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const int32_t byte = text[i] == '%' && i + 2 < text.size() ? hex_number(text.data() + i + 1, 2) : -1;
    if (byte >= 0) {
      buffer.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      buffer.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return buffer;
}

/// One pair of a query or form, as sent.
struct QueryPair {
  std::string_view name;
  std::string_view value;
};

/// Takes the next pair off the front of `text`, empty ones left out; false at the end.
inline bool take_pair(std::string_view& text, QueryPair& pair) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (whole.empty()) continue;
    const size_t equals = std::min(whole.find('='), whole.size());
    pair = {whole.substr(0, equals), whole.substr(std::min(equals + 1, whole.size()))};
    return true;
  }
  return false;
}

}  // namespace weir
