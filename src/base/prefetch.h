#pragma once

namespace weir {

/// Starts loading the cache line of an address that is read, or written, soon. To the compiler a function of prefetches alone does
/// nothing, and gcc takes calls of it out; the empty statement is what keeps them.
[[gnu::always_inline]] inline void prefetch_to_read(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");  // NOLINT(hicpp-no-assembler)
}
[[gnu::always_inline]] inline void prefetch_to_write(const void* address) {
  __builtin_prefetch(address, 1);
  asm volatile("");  // NOLINT(hicpp-no-assembler)
}

}  // namespace weir
