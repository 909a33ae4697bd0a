#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

/// A secret key for SipHash: whoever does not know it cannot choose inputs that collide.
using SipHashKey = std::array<uint64_t, 2>;

/// SipHash-2-4 of the bytes (Aumasson and Bernstein, 2012). Used wherever a client controls the input of a hash that
/// decides a partition or a table slot; about 20 ns for an identifier.
uint64_t siphash(const SipHashKey& key, std::string_view bytes);

/// Stretches a configured secret of any length to a key.
SipHashKey siphash_key_from(std::string_view secret);

}  // namespace weir
