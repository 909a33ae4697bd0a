#pragma once

#include <cstdint>

namespace weir {

/// Lets the standard allocator spread the process over at most so many heaps, of eight a core otherwise: each keeps what is free in it. To be
/// called before there are threads.
void limit_heaps(uint32_t heaps) noexcept;

/// Gives back to the system what is free inside the heaps of the standard allocator, wherever it stands. For after large things have gone
/// in no order, which happens when partitions move: the allocator keeps what is free for itself, in up to eight heaps a core, so that a
/// process that gives up its state and builds another one a few times held several of them. Takes some three milliseconds for each ten megabytes.
void give_back_free_memory() noexcept;

}  // namespace weir
