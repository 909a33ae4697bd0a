#include "base/memory/heap.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace weir {

void limit_heaps([[maybe_unused]] uint32_t heaps) noexcept {
#if defined(__GLIBC__)
  static_cast<void>(::mallopt(M_ARENA_MAX, static_cast<int>(heaps)));
#endif
}

void give_back_free_memory() noexcept {
#if defined(__GLIBC__)
  static_cast<void>(::malloc_trim(0));
#endif
}

}  // namespace weir
