#include "decode/header_lines.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "decode/ascii_text.h"
#include "decode/byte_classes.h"
#include "decode/decode_base64.h"

namespace weir {
namespace {

constexpr size_t kHeaderNameBytesMax = 128;

/// Negotiation and cache headers: an application reads none of them in a way that can be attacked with letters, digits
/// and separators alone. Sorted.
constexpr std::array<std::string_view, 22> kStockHeaders = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "dnt",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "pragma",
    "priority",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "te",
    "upgrade-insecure-requests",
};
static_assert(std::is_sorted(kStockHeaders.begin(), kStockHeaders.end()));

bool is_stock(std::string_view lower_name) {
  return std::binary_search(kStockHeaders.begin(), kStockHeaders.end(), lower_name);
}

}  // namespace

void add_headers(ValueLines& values, std::span<const Header> headers, size_t lines_max) {
  std::array<char, kHeaderNameBytesMax> buffer;
  size_t lines = 0;
  for (const Header& header : headers) {
    const size_t size = std::min(header.name.size(), buffer.size());
    std::transform(header.name.begin(), header.name.begin() + static_cast<std::ptrdiff_t>(size), buffer.begin(),
                   to_lower);
    const std::string_view name(buffer.data(), size);
    if (is_stock(name) && is_plain_header_value(header.value)) continue;
    if (lines++ >= lines_max) {
      values.writer().drop();
      continue;
    }
    values.add(Place::kHeader, name, header.value);
  }
}

}  // namespace weir
