#include "rules/category.h"

#include <array>
#include <cstddef>

namespace weir {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Category::kCount)> kCategoryNames = {
    "sqli", "xss", "cmdi", "traversal", "nosql", "ldap", "ssrf", "ssti", "xxe", "rce", "rfi", "crlf", "other"};
constexpr std::array<std::string_view, 5> kLevelNames = {"informational", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 3> kSecurityLevelNames = {"permissive", "standard", "strict"};

template <typename Enum, size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Category category) {
  return kCategoryNames.at(static_cast<size_t>(category));
}
std::optional<Category> category_from(std::string_view name) {
  return find_name<Category>(kCategoryNames, name);
}

std::string_view to_string(Level level) {
  return kLevelNames.at(static_cast<size_t>(level));
}
std::optional<Level> level_from(std::string_view name) {
  return find_name<Level>(kLevelNames, name);
}

std::string_view to_string(SecurityLevel level) {
  return kSecurityLevelNames.at(static_cast<size_t>(level));
}
std::optional<SecurityLevel> security_level_from(std::string_view name) {
  return find_name<SecurityLevel>(kSecurityLevelNames, name);
}

}  // namespace weir
