#include "evidence/pem_blocks.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"

namespace weir {
namespace {

constexpr size_t kLabelBytesMax = 64;

/// A boundary: text[begin, end) with its dashes.
struct Boundary {
  size_t begin = 0, end = 0;
};

/// The next "---- WORD … PRIVATE KEY … ----" at or behind `from`.
std::optional<Boundary> find_boundary(std::string_view text, std::string_view word, size_t from) {
  for (size_t at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    size_t begin = at;
    if (begin > from && text[begin - 1] == ' ') --begin;
    if (begin == from || text[begin - 1] != '-') continue;
    while (begin > from && text[begin - 1] == '-')
      --begin;
    const auto label = text.substr(at, kLabelBytesMax);
    const size_t dashes = label.find("--");
    const auto named = label.substr(0, dashes);
    if (named.find("PRIVATE") == std::string_view::npos && named.find("SECRET") == std::string_view::npos) continue;
    size_t end = at + std::min(dashes, label.size());
    while (end < text.size() && text[end] == '-')
      ++end;
    return Boundary{begin, end};
  }
  return std::nullopt;
}

/// Where the body begins of a block whose first lines were cut off.
size_t body_begin(std::string_view text, size_t from, size_t end) {
  const auto belongs = [](char c) {
    return base64_value(c) >= 0 || c == '=' || c == ' ' || c == '\n' || c == '\r' || c == '\\' || c == '*';
  };
  while (end > from && belongs(text[end - 1]))
    --end;
  return end;
}

}  // namespace

bool mask_pem_blocks(std::string_view text, std::string& out) {
  if (text.find("--") == std::string_view::npos) return false;
  size_t copied = 0;
  const auto hide = [&](size_t begin, size_t end) {
    out.append(text.substr(copied, begin - copied)).append("***");
    copied = end;
  };
  auto opening = find_boundary(text, "BEGIN", 0);
  auto closing = find_boundary(text, "END", 0);
  if (!opening && !closing) return false;
  if (closing && (!opening || closing->end <= opening->begin)) hide(body_begin(text, 0, closing->begin), closing->end);
  while (opening) {
    closing = find_boundary(text, "END", opening->end);
    hide(opening->begin, closing ? closing->end : text.size());
    opening = find_boundary(text, "BEGIN", copied);
  }
  out.append(text.substr(copied));
  return true;
}

}  // namespace weir
