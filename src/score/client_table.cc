#include "score/client_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <new>

#include "base/assert.h"
#include "base/prefetch.h"

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
  index_.clear();
  pages_.clear();
  blocks_.clear();
  block_pages_left_ = 0;
  free_.clear();
  slots_used_ = 0;
  chunks_.assign(chunks_.size(), {});
}

void ClientTable::prefetch(ClientSlot slot, StorageUse use) const {
  prefetch_to_write(&entry(slot));
  const uint32_t* const words = window(slot);
  prefetch_to_write(words + window_words_ - 1);
  if (use == StorageUse::kEnd) return;
  prefetch_to_write(words);
  prefetch_to_write(words + window_words_ / 2);
}

void ClientTable::prefetch_newcomer(uint64_t hash, StorageUse use) const {
  const Chunk& chunk = chunks_[chunk_of(hash)];
  const Queue& queue = chunk.queues[static_cast<size_t>(ClientRank::kUnscored)];
  if (queue.back != kNoClient) prefetch_to_write(&entry(queue.back));
  if (chunk.clients >= chunk_clients_max_) {
    if (queue.front != kNoClient) prefetch(queue.front, use);
  } else if (!free_.empty()) {
    prefetch(free_.back(), use);
  }
}

void ClientTable::prefetch_eviction(uint64_t hash) const {
  const uint32_t chunk = chunk_of(hash);
  const ClientSlot slot = front(chunk, ClientRank::kUnscored);
  if (slot == kNoClient || !full(chunk)) return;
  const ClientEntry& leaving = entry(slot);
  index_.prefetch(leaving.hash);
  if (leaving.next != kNoClient) prefetch_to_write(&entry(leaving.next));
}

ClientSlot ClientTable::find(uint64_t hash, uint64_t check) const {
  // That clients of the same hash are told apart costs nothing: the entry is read anyway.
  return index_.find(hash, [&](ClientSlot slot) {
    const ClientEntry& client = entry(slot);
    return client.hash == hash && client.check == check;
  });
}

ClientSlot ClientTable::insert(uint64_t hash, uint64_t check, int64_t clock_ms) {
  const ClientSlot slot = take_slot();
  index_.insert(hash, slot);
  ClientEntry& client = entry(slot);
  client = ClientEntry{};
  client.hash = hash;
  client.check = check;
  ++chunks_[chunk_of(hash)].clients;
  queue(slot, ClientRank::kUnscored, clock_ms);
  return slot;
}

void ClientTable::remove(ClientSlot slot) {
  ClientEntry& client = entry(slot);
  WEIR_ASSERT(client.rank != ClientRank::kCount, "a client is removed once");
  index_.erase(client.hash, slot);
  unlink(slot);
  --chunks_[chunk_of(client.hash)].clients;
  client.rank = ClientRank::kCount;
  free_.push_back(slot);
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
  if (slots_used_ % kPageClients == 0) add_page();
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
  return slab + index_.bytes() + free_.capacity() * sizeof(ClientSlot) + chunks_.size() * sizeof(Chunk);
}

}  // namespace weir
