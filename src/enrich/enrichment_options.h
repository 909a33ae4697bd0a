#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"

namespace weir {

/// What an address's standing in a threat list does to an alert.
enum class ThreatEffect : uint8_t { kLabel, kRaise };
template <>
inline constexpr auto kNamesOf<ThreatEffect> = std::to_array<std::string_view>({"label", "raise"});

/// Where alerts get what is known of their addresses; all of it optional.
struct EnrichmentOptions {
  static constexpr size_t kListsMax = 32;  ///< of each kind

  std::string country_database, asn_database;       ///< MMDB files; empty: none
  std::vector<std::string> threat_lists, crawlers;  ///< files, see read_address_list()
  uint32_t csv_column = 1;
  ThreatEffect threat_effect = ThreatEffect::kLabel;

  [[nodiscard]] bool any() const { return !files().empty(); }
  [[nodiscard]] std::vector<std::string> files() const;
};

}  // namespace weir
