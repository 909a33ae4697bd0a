#pragma once

// For tests that show that something does not allocate: operator new of the whole test program counts. To be included by one
// file of a program. Under a sanitizer the allocator belongs to the sanitizer, and there is nothing to count with.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEIR_COUNTS_ALLOCATIONS

#include <cstddef>
#include <cstdlib>
#include <new>

namespace weir::testing {

/// By the program so far.
inline size_t allocations = 0;

}  // namespace weir::testing

// Not inlined: gcc would see free() on what operator new returned, and warn.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++weir::testing::allocations;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

#endif
