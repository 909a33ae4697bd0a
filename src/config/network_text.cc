#include "config/network_text.h"

#include <algorithm>
#include <charconv>

#include "base/ip_address.h"

namespace weir {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address

/// The address with everything behind the prefix cleared.
IpAddress network_of(const IpAddress& address, unsigned prefix_bits) {
  auto bytes = address.bytes();
  for (unsigned bit = prefix_bits; bit < kBits; ++bit)
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  return IpAddress::from_bytes(bytes);
}

}  // namespace

std::optional<NetworkFault> network_fault(std::string_view text) {
  const std::string quoted = "'" + std::string(text) + "'";
  if (!Cidr::parse(text))
    return NetworkFault{quoted + " is no network", "for example 10.0.0.0/8, 2001:db8::/32 or one address"};
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (slash == std::string_view::npos || !address) return std::nullopt;
  unsigned prefix = 0;
  std::from_chars(text.data() + slash + 1, text.data() + text.size(), prefix);
  const IpAddress network = network_of(*address, std::min(kBits, prefix + (address->is_v4() ? kMappedBits : 0)));
  if (network == *address) return std::nullopt;
  return NetworkFault{quoted + " has bits behind its prefix",
                      "write " + network.to_string() + std::string(text.substr(slash)) + " for the network, or " +
                          address->to_string() + " for the one address"};
}

}  // namespace weir
