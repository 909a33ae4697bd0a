#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace weir {

/// The names of an enumeration's values in files, messages and alerts: one table, beside the enumeration.
///
///     template <>
///     inline constexpr auto kNamesOf<Delivery> = std::to_array<std::string_view>({"exactly_once", "at_least_once"});
///
/// Values count from 0; where they are bits, the table is kBitNamesOf.
template <typename Enum>
inline constexpr std::array<std::string_view, 0> kNamesOf{};
template <typename Enum>
inline constexpr std::array<std::string_view, 0> kBitNamesOf{};

template <typename Enum>
concept NamedEnum = std::is_enum_v<Enum> &&(kNamesOf<Enum>.size() > 0);
template <typename Enum>
concept NamedBits = std::is_enum_v<Enum> &&(kBitNamesOf<Enum>.size() > 0);

template <NamedEnum Enum>
constexpr std::string_view to_string(Enum value) {
  if constexpr (requires { Enum::kCount; })
    static_assert(kNamesOf<Enum>.size() == static_cast<size_t>(Enum::kCount), "every value has a name");
  const auto index = static_cast<size_t>(value);
  return index < kNamesOf<Enum>.size() ? kNamesOf<Enum>[index] : "unknown";
}
/// The name of one bit.
template <NamedBits Enum>
constexpr std::string_view to_string(Enum bit) {
  const auto index =
      static_cast<size_t>(std::countr_zero(static_cast<std::make_unsigned_t<std::underlying_type_t<Enum>>>(bit)));
  return index < kBitNamesOf<Enum>.size() ? kBitNamesOf<Enum>[index] : "unknown";
}

/// The value of a name; nothing when there is none.
template <NamedEnum Enum>
constexpr std::optional<Enum> from_name(std::string_view name) {
  for (size_t i = 0; i < kNamesOf<Enum>.size(); ++i)
    if (kNamesOf<Enum>[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace weir
