#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "event/input_profile.h"

namespace weir {

/// What a command line changes of how records are read.
struct InputOverrides {
  std::vector<std::string> fields;           ///< NAME=POINTER: where a field stands, instead of where the profile says
  std::string unwrap;                        ///< pointer to the record in its envelope; empty: the profile's
  std::vector<std::string> trusted_proxies;  ///< addresses and networks, besides the configuration's
};

/// Applies them over the configuration and its profile. An error names the option, what is wrong and what there is.
Status apply_overrides(const InputOverrides& overrides, InputOptions& input);

}  // namespace weir
