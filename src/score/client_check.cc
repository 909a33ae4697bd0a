#include "score/client_check.h"

// Inlined: computed for each observation.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir {

uint64_t client_check(ClientKind kind, std::string_view client) {
  return XXH3_64bits_withSeed(client.data(), client.size(), static_cast<uint64_t>(kind));
}

}  // namespace weir
