#include "decode/lines/header_lines.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"
#include "decode/lines/credential_lines.h"
#include "decode/steps/byte_classes.h"

namespace weir {
namespace {

constexpr size_t kHeaderNameBytesMax = 128;

/// Negotiation and cache headers: an application reads none of them in a way that can be attacked with letters, digits
/// and separators alone. Sorted by length.
constexpr std::array<std::string_view, 23> kStockHeaders = {
    "te",
    "dnt",
    "accept",
    "pragma",
    "priority",
    "sec-ch-ua",
    "connection",
    "keep-alive",
    "content-type",
    "cache-control",
    "if-none-match",
    "accept-charset",
    "content-length",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "accept-encoding",
    "accept-language",
    "sec-ch-ua-mobile",
    "if-modified-since",
    "sec-ch-ua-platform",
    "upgrade-insecure-requests",
};
constexpr size_t kStockLengthMax = 25;

/// kFirstOfLength[n] is the first entry of n or more bytes.
constexpr auto make_first_of_length() {
  std::array<uint8_t, kStockLengthMax + 2> first{};
  for (size_t length = 0; length < first.size(); ++length) {
    uint8_t entry = 0;
    while (entry < kStockHeaders.size() && kStockHeaders[entry].size() < length)
      ++entry;
    first[length] = entry;
  }
  return first;
}
constexpr auto kFirstOfLength = make_first_of_length();

bool is_stock(std::string_view name) {
  if (name.empty() || name.size() > kStockLengthMax) return false;
  const char front = to_lower(name.front()), back = to_lower(name.back());
  for (size_t entry = kFirstOfLength[name.size()]; entry < kFirstOfLength[name.size() + 1]; ++entry) {
    const std::string_view stock = kStockHeaders[entry];
    if (stock.front() == front && stock.back() == back && (name == stock || starts_without_case(name, stock)))
      return true;
  }
  return false;
}

/// A character set inside Accept is none that browsers ask for; a rule looks at which it is.
bool asks_for_charset(const Header& header) {
  constexpr size_t kAcceptLength = 6;
  return header.name.size() == kAcceptLength && header.value.find("charset") != std::string_view::npos;
}

/// A name longer than the buffer is cut; no application knows such a header.
std::string_view lower_case(std::string_view name, std::array<char, kHeaderNameBytesMax>& buffer) {
  const size_t size = std::min(name.size(), buffer.size());
  std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), buffer.begin(), to_lower);
  return {buffer.data(), size};
}

}  // namespace

void add_headers(ValueLines& values, std::span<const Header> headers, size_t lines_max, std::string& buffer) {
  std::array<char, kHeaderNameBytesMax> name_buffer;
  size_t lines = 0;
  for (const Header& header : headers) {
    if (is_stock(header.name) && is_plain_header_value(header.value) && !asks_for_charset(header)) continue;
    if (lines++ >= lines_max) {
      values.writer().drop();
      continue;
    }
    const std::string_view name = lower_case(header.name, name_buffer);
    values.add(Place::kHeader, name, header.value);
    if (name == "authorization" || name == "proxy-authorization") add_credentials(values, header.value, buffer);
  }
}

}  // namespace weir
