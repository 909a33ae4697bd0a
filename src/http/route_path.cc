#include "http/route_path.h"

#include "base/hex.h"
#include "base/utf8.h"

namespace weir {
namespace {

constexpr size_t kTextBytesMax = 512;  // of a segment, decoded

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    if (step.bytes == 0 || step.code_point < 0x20 || (step.code_point >= 0x7f && step.code_point < 0xa0)) return false;
    text.remove_prefix(step.bytes);
  }
  return true;
}

}  // namespace

std::optional<std::string_view> match_route(std::string_view route, std::string_view path) {
  const size_t at = route.find(kRouteParameter);
  if (at == std::string_view::npos) return route == path ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = route.substr(0, at);
  const std::string_view behind = route.substr(at + kRouteParameter.size());
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind))
    return std::nullopt;
  const auto segment = path.substr(before.size(), path.size() - before.size() - behind.size());
  return segment.find('/') == std::string_view::npos ? std::optional(segment) : std::nullopt;
}

std::optional<std::string> decode_segment(std::string_view segment) {
  std::string text;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text += segment[i];
      continue;
    }
    if (segment.size() - i < 3) return std::nullopt;
    const int high = hex_value(segment[i + 1]), low = hex_value(segment[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    text += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (text.empty() || text.size() > kTextBytesMax || !is_plain_text(text)) return std::nullopt;
  return text;
}

}  // namespace weir
