#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedPrefixBits = 96;
constexpr size_t kTextMax = 64;  // longest textual IPv6 address is 45 bytes

/// Reads "192.0.2.1" and nothing else: the form of nearly every address of a log, without the library in a quarter of the time.
bool read_dotted(std::string_view text, std::array<uint8_t, 16>& bytes) {
  constexpr size_t kParts = 4, kDigitsMax = 3;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
  size_t at = 0;
  for (size_t part = 0; part < kParts; ++part) {
    if (part > 0 && (at == text.size() || text[at++] != '.')) return false;
    const size_t begin = at;
    unsigned value = 0;
    for (; at < text.size() && is_ascii_digit(text[at]) && at - begin < kDigitsMax; ++at)
      value = value * 10 + static_cast<unsigned>(text[at] - '0');
    // A leading zero may mean an octal number: the library refuses it.
    if (at == begin || value > 255 || (text[begin] == '0' && at - begin > 1)) return false;
    bytes[kMappedPrefix.size() + part] = static_cast<uint8_t>(value);
  }
  return at == text.size();
}

/// Writes four bytes as "192.0.2.1", at most 15 characters, and gives their end.
char* put_dotted(char* to, const uint8_t* bytes) {
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) *to++ = '.';
    unsigned value = bytes[i];
    if (value >= 100) *to++ = static_cast<char>('0' + value / 100);
    if (value >= 10) *to++ = static_cast<char>('0' + value / 10 % 10);
    *to++ = static_cast<char>('0' + value % 10);
  }
  return to;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (IpAddress plain; read_dotted(text, plain.bytes_)) [[likely]]
    return plain;
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
  if (IpAddress plain; read_dotted(text, plain.bytes_)) [[likely]]
    return plain;
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

// Once a record: inet_ntop prints through vsnprintf, which takes several times as long.
std::string IpAddress::counting_unit_text() const {
  if (is_v4()) return to_string();
  // Four groups and four of zeros: no other run is as long as that at the end (RFC 5952, 4.2.3).
  constexpr size_t kGroups = 4;
  const auto group = [this](size_t i) { return static_cast<unsigned>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]); };
  size_t shown = kGroups;
  while (shown > 0 && group(shown - 1) == 0)
    --shown;
  std::string text;
  text.reserve(kTextMax);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ':';
    char digits[4];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, group(i), 16).ptr);
  }
  return text += "::/64";
}

std::string IpAddress::to_string() const {
  char text[kTextMax];
  if (!is_v4()) {
    const char* written = inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    return written ? written : "";
  }
  return {text, put_dotted(text, bytes_.data() + kMappedPrefix.size())};
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
