#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

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

std::string_view to_string(Category category);
std::optional<Category> category_from(std::string_view name);

/// Sigma's levels, in its order.
enum class Level : uint8_t { kInformational, kLow, kMedium, kHigh, kCritical };
std::string_view to_string(Level level);
std::optional<Level> level_from(std::string_view name);

/// How much is looked for (DE11). A rule names the lowest security level at which it runs.
enum class SecurityLevel : uint8_t { kPermissive, kStandard, kStrict };
std::string_view to_string(SecurityLevel level);
std::optional<SecurityLevel> security_level_from(std::string_view name);

}  // namespace weir
