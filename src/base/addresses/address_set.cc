#include "base/addresses/address_set.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir {
namespace {

constexpr unsigned kBits = 128, kMappedBits = 96;  // IPv4 in its mapped form begins with so many of its own

}  // namespace

bool AddressSet::add(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return false;
  const unsigned before = address->is_v4() ? kMappedBits : 0;
  unsigned bits = kBits - before;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || bits > kBits - before) return false;
  }
  if (bits == 0) return false;
  bits += before;
  std::array<uint8_t, 16> first = address->bytes(), last = first;
  for (unsigned bit = bits; bit < kBits; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80U >> (bit % 8));
    first[bit / 8] = static_cast<uint8_t>(first[bit / 8] & ~mask);
    last[bit / 8] = static_cast<uint8_t>(last[bit / 8] | mask);
  }
  ranges_.push_back({IpAddress::from_bytes(first), IpAddress::from_bytes(last)});
  ++entries_;
  return true;
}

void AddressSet::seal() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> apart;
  for (const Range& range : ranges_) {
    if (!apart.empty() && range.first <= apart.back().last)
      apart.back().last = std::max(apart.back().last, range.last);
    else
      apart.push_back(range);
  }
  apart.shrink_to_fit();
  ranges_ = std::move(apart);
}

bool AddressSet::meets(const IpAddress& first, const IpAddress& last) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), last,
                                      [](const IpAddress& wanted, const Range& range) { return wanted < range.first; });
  return after != ranges_.begin() && first <= std::prev(after)->last;
}

}  // namespace weir
