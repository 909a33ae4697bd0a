#include "base/memory/huge_pages.h"

#include <sys/mman.h>

#include <limits>

namespace weir {

void* allocate_huge_pages(size_t bytes) noexcept {
  if (bytes > std::numeric_limits<size_t>::max() - kHugePageBytes) return nullptr;
  const size_t rounded = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  void* const memory = std::aligned_alloc(kHugePageBytes, rounded);
  // Only advice: a kernel without huge pages refuses it, and the memory is as good.
  if (memory != nullptr) static_cast<void>(::madvise(memory, rounded, MADV_HUGEPAGE));
  return memory;
}

}  // namespace weir
