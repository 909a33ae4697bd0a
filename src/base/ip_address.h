#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// An IPv4 or IPv6 address; IPv4 is held in its mapped form (::ffff:a.b.c.d), so that both compare and hash alike.
class IpAddress {
 public:
  IpAddress() = default;

  /// Accepts "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", and a zone ("fe80::1%eth0", which is dropped).
  /// Ports and brackets are not accepted here: see parse_with_port.
  static std::optional<IpAddress> parse(std::string_view text);

  /// As parse, and also "192.0.2.1:443" and "[2001:db8::1]:443", as proxies log them.
  static std::optional<IpAddress> parse_with_port(std::string_view text);

  static IpAddress from_bytes(const std::array<uint8_t, 16>& bytes);

  [[nodiscard]] bool is_v4() const;
  /// "::", which says that there is no address (RFC 4291, 2.5.2); what IpAddress{} is.
  [[nodiscard]] bool is_unspecified() const { return bytes_ == std::array<uint8_t, 16>{}; }
  [[nodiscard]] const std::array<uint8_t, 16>& bytes() const { return bytes_; }

  /// The unit that abuse counting uses: an IPv4 address as it is, an IPv6 address cut to its /64 network.
  [[nodiscard]] IpAddress counting_unit() const;

  /// The text of that unit: "192.0.2.1", "2001:db8::/64".
  [[nodiscard]] std::string counting_unit_text() const;

  /// Canonical text (RFC 5952 for IPv6, dotted for IPv4).
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

/// A network in CIDR notation.
class Cidr {
 public:
  /// "10.0.0.0/8", "2001:db8::/32", or one address. Host bits are ignored.
  static std::optional<Cidr> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;

 private:
  std::array<uint8_t, 16> network_{};
  unsigned prefix_bits_ = 128;  // of the mapped form
};

/// True if any of the networks holds the address; linear, meant for the short lists of a configuration.
bool contains(const std::vector<Cidr>& networks, const IpAddress& address);

}  // namespace weir
