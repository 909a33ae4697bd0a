#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/client_kind.h"
#include "event/input_profile.h"

namespace weir {

/// How the records of one source are read, and whose they are.
struct SourceReading {
  std::string name;
  InputOptions input;
  uint32_t fields_chosen = 0;  ///< 1 << ProfileFieldIndex for each that the configuration maps over the profile
  std::vector<ClientKind> client_order{ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress};  ///< AB4
  std::vector<std::string> identity_headers{};  ///< whose credentials stand for API keys (KE2)
};

/// Of all sources, by their number; at most TopicTable::kSourcesMax.
using SourceReadings = std::vector<SourceReading>;

}  // namespace weir
