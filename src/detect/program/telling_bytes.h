#pragma once

#include <array>
#include <bitset>
#include <string_view>

namespace weir {

/// A set of byte values.
using ByteSet = std::bitset<256>;

inline constexpr unsigned kNotTelling = 1'000'000;

/// How often a byte stands in ordinary request text, roughly and relative to each other; kNotTelling for the common ones.
inline constexpr std::array<unsigned, 256> kRarity = [] {
  std::array<unsigned, 256> cost{};
  for (auto& byte_cost : cost)
    byte_cost = kNotTelling;
  constexpr auto set = [](std::array<unsigned, 256>& all, std::string_view bytes, unsigned value) {
    for (const char c : bytes)
      all[static_cast<unsigned char>(c)] = value;
  };
  set(cost, "'\"`<>", 1);
  set(cost, "$\\|^{}", 2);
  set(cost, ";&#~", 4);
  set(cost, "!*[]@%", 6);
  set(cost, "()", 8);
  for (unsigned byte = 0x80; byte < 0x100; ++byte)
    cost[byte] = 1;  // a set of them all is dear by its size
  return cost;
}();

/// Bytes that ordinary request text holds seldom or never and that attacks need: quotes, angle brackets, shell and template
/// characters, … Letters, digits, spaces and the punctuation of URLs are not among them.
constexpr bool is_telling_byte(unsigned char byte) {
  return kRarity[byte] < kNotTelling;
}

}  // namespace weir
