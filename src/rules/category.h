#pragma once

#include <cstdint>

#include "base/enum_names.h"

namespace weir {

/// The families of attacks; names are stable (interfaces: verdicts' `categories`).
enum class Category : uint8_t {
  kSqli,
  kXss,
  kCmdi,
  kTraversal,
  kNosql,
  kLdap,
  kSsrf,
  kSsti,
  kXxe,
  kRce,
  kRfi,
  kCrlf,
  kOther,
  kCount
};
using CategoryMask = uint16_t;
constexpr CategoryMask mask_of(Category category) {
  return static_cast<CategoryMask>(1U << static_cast<unsigned>(category));
}

template <>
inline constexpr auto kNamesOf<Category> = std::to_array<std::string_view>({"sqli", "xss", "cmdi", "traversal", "nosql",
                                                                            "ldap", "ssrf", "ssti", "xxe", "rce", "rfi",
                                                                            "crlf", "other"});

/// Sigma's levels, in its order.
enum class Level : uint8_t { kInformational, kLow, kMedium, kHigh, kCritical };
template <>
inline constexpr auto kNamesOf<Level> = std::to_array<std::string_view>({"informational", "low", "medium", "high",
                                                                         "critical"});

/// How much is looked for (DE11). A rule names the lowest security level at which it runs.
enum class SecurityLevel : uint8_t { kPermissive, kStandard, kStrict };
template <>
inline constexpr auto kNamesOf<SecurityLevel> = std::to_array<std::string_view>({"permissive", "standard", "strict"});

}  // namespace weir
