#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A database or list that was asked about an address, and which edition of it: who repeats an alert needs the same.
struct ContextSource {
  std::string name, version;
};

/// What is known of an alert's address besides what it did (docs/enrichment.md).
struct AddressContext {
  std::string country;                    ///< ISO 3166-1, two letters; empty: unknown
  uint32_t as_number = 0;                 ///< autonomous system; 0: unknown
  std::string as_name;                    ///< of that
  std::vector<std::string> threat_lists;  ///< names of the lists that hold it
  std::string crawler;                    ///< whose published ranges hold it; empty: nobody's
  std::string claimed_crawler;            ///< that its user agent says to be, although none of its ranges holds it
  std::vector<ContextSource> sources;     ///< all that were asked, whether they knew it or not
};

}  // namespace weir
