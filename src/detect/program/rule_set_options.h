#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "rules/category.h"

namespace weir {

constexpr size_t kSecurityLevels = kNamesOf<SecurityLevel>.size();

/// A set of security levels: bit i = SecurityLevel i.
using SecurityLevels = uint8_t;
constexpr SecurityLevels mask_of(SecurityLevel level) {
  return static_cast<SecurityLevels>(1U << static_cast<unsigned>(level));
}

struct RuleSetOptions {
  int threshold = 10;  ///< request score from which a record is malicious
  SecurityLevel security_level = SecurityLevel::kStandard;
  SecurityLevels other_levels = 0;  ///< levels that policies use besides
  std::string cache_directory{};    ///< serialised databases; empty: no cache
};

}  // namespace weir
