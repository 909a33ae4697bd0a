#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"

namespace weir {

/// What the requests of an alert are told apart by.
enum class ValueKind : uint8_t { kAddress, kAgent, kAccount, kPath, kStatus, kCount };
inline constexpr size_t kValueKinds = static_cast<size_t>(ValueKind::kCount);
/// As they are called in alerts: of lists.
template <>
inline constexpr auto kNamesOf<ValueKind> = std::to_array<std::string_view>({"addresses", "agents", "accounts", "paths",
                                                                             "statuses"});

/// One value, and how many requests had it.
struct ValueCount {
  std::string value;
  uint64_t requests = 0;
};

/// Of each kind at most 8 values, the most frequent first.
using ValueLists = std::array<std::vector<ValueCount>, kValueKinds>;

}  // namespace weir
