#include "score/client_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <new>

#include "base/assert.h"

namespace weir {

namespace {

/// What a chunk may hold: its part of the whole, and two standard deviations of the number that hashing puts there, so that
/// a table is nearly full before a chunk evicts (2 to 4 % at chunks of 2,048 to 4,096).
uint32_t chunk_limit(uint32_t clients_max, uint32_t chunk_count) {
  const uint32_t part = (clients_max + chunk_count - 1) / chunk_count;
  return chunk_count == 1 ? part : part + static_cast<uint32_t>(2 * std::sqrt(static_cast<double>(part)));
}

}  // namespace

uint32_t ClientTable::chunk_count_for(uint32_t clients_max, uint32_t chunk_clients) {
  const uint64_t chunks = (uint64_t{clients_max} + chunk_clients - 1) / chunk_clients;
  return static_cast<uint32_t>(std::min<uint64_t>(std::bit_ceil(std::max<uint64_t>(chunks, 1)), kChunksMax));
}

ClientTable::ClientTable(uint32_t clients_max, uint32_t chunk_count, uint32_t window_words)
    : chunk_clients_max_(chunk_limit(clients_max, chunk_count)),
      window_words_((window_words + kHalfCacheLine - 1) / kHalfCacheLine * kHalfCacheLine),
      chunk_bits_(static_cast<uint32_t>(std::countr_zero(chunk_count))),
      chunks_(chunk_count) {
  WEIR_ASSERT(std::has_single_bit(chunk_count) && chunk_count <= kChunksMax, "chunks are found by bits of the hash");
  WEIR_ASSERT(clients_max > 0 && clients_max < kNoClient / 2, "a table of clients needs room for one");
}

void ClientTable::clear() {
  index_ = {};
  pages_.clear();
  blocks_.clear();
  block_pages_left_ = 0;
  in_use_.clear();
  free_.clear();
  slots_used_ = 0;
  displaced_ = 0;
  chunks_.assign(chunks_.size(), {});
}

void ClientTable::prefetch(ClientSlot slot) const {
  __builtin_prefetch(&entry(slot), 1);
  const uint32_t* const words = window(slot);
  __builtin_prefetch(words, 1);
  __builtin_prefetch(words + window_words_ / 2, 1);
  __builtin_prefetch(words + window_words_ - 1, 1);
}

void ClientTable::prefetch_end(ClientSlot slot) const {
  __builtin_prefetch(&entry(slot), 1);
  __builtin_prefetch(window(slot) + window_words_ - 1, 1);
}

ClientSlot ClientTable::find(uint64_t hash, uint64_t check) const {
  // A second client with the same 64-bit hash stands under the next free key. It practically never happens; that it is
  // looked at costs nothing, since the entry is read anyway.
  for (uint64_t key = hash;; ++key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return kNoClient;
    const ClientEntry& client = entry(found->second);
    if (client.hash == hash && client.check == check) return found->second;
  }
}

ClientSlot ClientTable::insert(uint64_t hash, uint64_t check, int64_t clock_ms) {
  const ClientSlot slot = take_slot();
  uint64_t key = hash;
  while (!index_.try_emplace(key, slot).second)
    ++key;
  if (key != hash) ++displaced_;
  ClientEntry& client = entry(slot);
  client = ClientEntry{};
  client.hash = hash;
  client.check = check;
  in_use_[slot] = true;
  ++chunks_[chunk_of(hash)].clients;
  queue(slot, ClientRank::kUnscored, clock_ms);
  return slot;
}

void ClientTable::remove(ClientSlot slot) {
  WEIR_ASSERT(in_use_[slot], "a client is removed once");
  uint64_t key = entry(slot).hash;
  auto found = index_.find(key);
  while (found != index_.end() && found->second != slot)
    found = index_.find(++key);
  WEIR_ASSERT(found != index_.end(), "every client in the slab is in the index");
  index_.erase(found);
  if (key != entry(slot).hash) --displaced_;
  if (displaced_ > 0) close_gap(key);
  unlink(slot);
  --chunks_[chunk_of(entry(slot).hash)].clients;
  in_use_[slot] = false;
  free_.push_back(slot);
}

/// Moves up who stands behind a freed key only because it was taken, so that find() still reaches them.
void ClientTable::close_gap(uint64_t gap) {
  for (uint64_t key = gap + 1;; ++key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const ClientSlot slot = found->second;
    const uint64_t home = entry(slot).hash;
    if (key - home < key - gap) continue;  // modulo 2^64: its home lies behind the gap
    index_.erase(found);
    index_.emplace(gap, slot);
    if (gap == home) --displaced_;
    gap = key;
  }
}

void ClientTable::queue(ClientSlot slot, ClientRank rank, int64_t clock_ms) {
  unlink(slot);
  ClientEntry& client = entry(slot);
  Queue& queue = chunks_[chunk_of(client.hash)].queues[static_cast<size_t>(rank)];
  client.rank = rank;
  client.touched = false;
  client.queued_clock_ms = clock_ms;
  client.previous = queue.back;
  client.next = kNoClient;
  (queue.back == kNoClient ? queue.front : entry(queue.back).next) = slot;
  queue.back = slot;
}

void ClientTable::unlink(ClientSlot slot) {
  ClientEntry& client = entry(slot);
  Queue& queue = chunks_[chunk_of(client.hash)].queues[static_cast<size_t>(client.rank)];
  if (client.previous != kNoClient) {
    entry(client.previous).next = client.next;
  } else if (queue.front == slot) {
    queue.front = client.next;
  }
  if (client.next != kNoClient) {
    entry(client.next).previous = client.previous;
  } else if (queue.back == slot) {
    queue.back = client.previous;
  }
  client.next = client.previous = kNoClient;
}

ClientSlot ClientTable::take_slot() {
  if (!free_.empty()) {
    const ClientSlot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (slots_used_ % kPageClients == 0) {
    add_page();
    in_use_.resize(pages_.size() * kPageClients);
  }
  return slots_used_++;
}

void ClientTable::add_page() {
  const size_t page_bytes = kPageClients * (sizeof(ClientEntry) + window_words_ * sizeof(uint32_t));
  std::byte* at = nullptr;
  if (block_pages_left_ > 0) {
    --block_pages_left_;
    at = reinterpret_cast<std::byte*>(pages_.back().entries) + page_bytes;
  } else {
    const bool small = pages_.size() < kSmallPages;
    void* const memory = small ? std::aligned_alloc(alignof(ClientEntry), page_bytes) : allocate_huge_pages(page_bytes);
    if (memory == nullptr) throw std::bad_alloc();
    blocks_.emplace_back(static_cast<std::byte*>(memory));
    at = blocks_.back().get();
    if (!small) block_pages_left_ = (kHugePageBytes - 1 - (page_bytes - 1) % kHugePageBytes) / page_bytes;
  }
  auto* const entries = reinterpret_cast<ClientEntry*>(at);
  std::uninitialized_value_construct_n(entries, kPageClients);
  auto* const windows = reinterpret_cast<uint32_t*>(entries + kPageClients);
  std::uninitialized_value_construct_n(windows, kPageClients * window_words_);
  pages_.push_back({entries, windows});
}

size_t ClientTable::bytes() const {
  const size_t slab = pages_.size() * kPageClients * (sizeof(ClientEntry) + window_words_ * sizeof(uint32_t));
  const size_t index = index_.capacity() * (sizeof(std::pair<const uint64_t, ClientSlot>) + 1);
  return slab + index + free_.capacity() * sizeof(ClientSlot) + in_use_.capacity() / 8 + chunks_.size() * sizeof(Chunk);
}

}  // namespace weir
