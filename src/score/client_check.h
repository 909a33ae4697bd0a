#pragma once

#include <cstdint>
#include <string_view>

#include "base/client_kind.h"

namespace weir {

/// Hash of a client's kind and identity, independent of the keyed client_hash, so that both collide only by chance (2^-128).
uint64_t client_check(ClientKind kind, std::string_view client);

}  // namespace weir
