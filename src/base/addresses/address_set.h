#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace weir {

/// A set of addresses and networks, asked by binary search. Filled, then sealed, then only asked.
class AddressSet {
 public:
  /// "192.0.2.1", "10.0.0.0/8", "2001:db8::/32". False if it is none, or a network of all addresses.
  bool add(std::string_view text);
  /// To be called once after the last add().
  void seal();

  [[nodiscard]] bool contains(const IpAddress& address) const { return meets(address, address); }
  /// Whether any address from `first` to `last` is in the set.
  [[nodiscard]] bool meets(const IpAddress& first, const IpAddress& last) const;
  /// Addresses and networks that were added.
  [[nodiscard]] size_t entries() const { return entries_; }
  [[nodiscard]] bool empty() const { return entries_ == 0; }

 private:
  struct Range {
    IpAddress first, last;
  };
  std::vector<Range> ranges_;  // sealed: ascending, apart from each other
  size_t entries_ = 0;
};

}  // namespace weir
