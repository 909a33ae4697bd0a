#include "event/values/header_text.h"

namespace weir {
namespace {

constexpr size_t kLinesMax = 4096;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

void add_header_line(std::string_view line, HeaderSink& headers) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    headers.add({"headers", trimmed(line)});
  } else {
    headers.add({trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))});
  }
}

void add_header_lines(std::string_view text, HeaderSink& headers) {
  for (size_t lines = 0; !text.empty() && lines < kLinesMax; ++lines) {
    const auto end = text.find('\n');
    const auto line = trimmed(text.substr(0, end));
    if (!line.empty()) add_header_line(line, headers);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

}  // namespace weir
