#include "decode/lines/pair_lines.h"

#include <algorithm>

namespace weir {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

void add_pair(ValueLines& values, Place place, std::string_view pair, PlusMeans plus) {
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos) {
    values.add(place, {}, pair, plus);
    return;
  }
  values.add_pair(place, pair, equals, plus);
}

/// Calls add_pair for each piece between separators.
void add_pieces(ValueLines& values, Place place, std::string_view text, char separator, PlusMeans plus,
                size_t lines_max) {
  const bool spaces_around = separator == ';';
  for (size_t pieces = 1; !text.empty(); ++pieces) {
    if (pieces >= lines_max || values.writer().lines_left() <= 1) {
      values.writer().add(place, text, plus);
      return;
    }
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view piece = spaces_around ? trimmed(text.substr(0, end)) : text.substr(0, end);
    if (!piece.empty()) add_pair(values, place, piece, plus);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

void add_url_pairs(ValueLines& values, Place place, std::string_view text, size_t lines_max) {
  add_pieces(values, place, text, '&', PlusMeans::kSpace, lines_max);
}

void add_cookies(ValueLines& values, std::string_view text, size_t lines_max) {
  add_pieces(values, Place::kCookie, text, ';', PlusMeans::kPlus, lines_max);
}

}  // namespace weir
