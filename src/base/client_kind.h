#pragma once

#include <cstdint>

#include "base/enum_names.h"

namespace weir {

/// Who a client is known by (AB4). An API key is never carried in clear: its identity is a digest.
/// kGroup is no client: a correlation's alert of a group that is more or less than one.
enum class ClientKind : uint8_t { kCustomer, kApiKey, kAddress, kGroup };
template <>
inline constexpr auto kNamesOf<ClientKind> = std::to_array<std::string_view>({"customer", "api_key", "address",
                                                                              "group"});

}  // namespace weir
