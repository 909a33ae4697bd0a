#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace weir {

/// The size and alignment of a huge page on x86-64 and, with pages of 4 KiB, on ARM64.
inline constexpr size_t kHugePageBytes = size_t{2} << 20;

/// Memory for a large table that is read here and there: whole huge pages if the kernel gives them (transparent huge pages
/// set to "madvise" or "always"), so that a read does not also miss the processor's table of page addresses; else common
/// pages. Rounds `bytes` up to kHugePageBytes; not zeroed. Null when there is no memory. To be freed with std::free.
void* allocate_huge_pages(size_t bytes) noexcept;

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using MemoryBlock = std::unique_ptr<std::byte, FreeMemory>;

/// For a container whose storage grows large: what has kHugePageBytes or more goes into huge pages.
template <typename T>
struct HugePageAllocator {
  using value_type = T;

  HugePageAllocator() = default;
  template <typename Other>
  HugePageAllocator(const HugePageAllocator<Other>&) {}  // NOLINT(google-explicit-constructor): as allocators convert

  T* allocate(size_t count) {
    if (!is_large(count)) return std::allocator<T>().allocate(count);
    void* const memory = allocate_huge_pages(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    if (is_large(count)) {
      std::free(memory);
    } else {
      std::allocator<T>().deallocate(memory, count);
    }
  }
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }

 private:
  static bool is_large(size_t count) { return count >= kHugePageBytes / sizeof(T); }
};

}  // namespace weir
