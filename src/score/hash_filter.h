#pragma once

#include <cstdint>
#include <functional>

namespace weir {

/// Which clients and groups are meant, by their hashes, where a saved state is divided among partitions; empty: all.
using HashFilter = std::function<bool(uint64_t hash)>;

}  // namespace weir
