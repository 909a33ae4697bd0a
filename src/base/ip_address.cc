#include "base/ip_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace weir {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedPrefixBits = 96;
constexpr size_t kTextMax = 64;  // longest textual IPv6 address is 45 bytes

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (const auto zone = text.find('%'); zone != std::string_view::npos) text = text.substr(0, zone);
  if (text.empty() || text.size() >= kTextMax) return std::nullopt;
  char terminated[kTextMax];
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  IpAddress address;
  if (text.find(':') == std::string_view::npos) {
    std::memcpy(address.bytes_.data(), kMappedPrefix.data(), kMappedPrefix.size());
    if (inet_pton(AF_INET, terminated, address.bytes_.data() + kMappedPrefix.size()) != 1) return std::nullopt;
  } else if (inet_pton(AF_INET6, terminated, address.bytes_.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::optional<IpAddress> IpAddress::parse_with_port(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    return parse(text.substr(1, close - 1));
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    text = text.substr(0, colon);
  }
  return parse(text);
}

IpAddress IpAddress::from_bytes(const std::array<uint8_t, 16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

bool IpAddress::is_v4() const {
  return std::memcmp(bytes_.data(), kMappedPrefix.data(), kMappedPrefix.size()) == 0;
}

IpAddress IpAddress::counting_unit() const {
  if (is_v4()) return *this;
  IpAddress network = *this;
  std::memset(network.bytes_.data() + 8, 0, 8);
  return network;
}

std::string IpAddress::counting_unit_text() const {
  return is_v4() ? to_string() : counting_unit().to_string() + "/64";
}

std::string IpAddress::to_string() const {
  char text[kTextMax];
  if (!is_v4()) {
    const char* written = inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    return written ? written : "";
  }
  // Once a record: inet_ntop prints through vsnprintf, which takes several times as long.
  char* end = text;
  for (size_t i = kMappedPrefix.size(); i < bytes_.size(); ++i) {
    if (i > kMappedPrefix.size()) *end++ = '.';
    end = std::to_chars(end, text + sizeof text, bytes_[i]).ptr;
  }
  return {text, end};
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Cidr cidr;
  cidr.network_ = address->bytes();
  if (slash == std::string_view::npos) return cidr;
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const unsigned bits_max = address->is_v4() ? 32 : 128;
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty() || bits > bits_max)
    return std::nullopt;
  cidr.prefix_bits_ = address->is_v4() ? bits + kMappedPrefixBits : bits;
  return cidr;
}

bool Cidr::contains(const IpAddress& address) const {
  const auto& bytes = address.bytes();
  const size_t whole = prefix_bits_ / 8;
  if (std::memcmp(bytes.data(), network_.data(), whole) != 0) return false;
  const unsigned rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (bytes[whole] & mask) == (network_[whole] & mask);
}

bool contains(const std::vector<Cidr>& networks, const IpAddress& address) {
  for (const auto& network : networks) {
    if (network.contains(address)) return true;
  }
  return false;
}

}  // namespace weir
