#include "score/client_table.h"

#include "base/assert.h"

namespace weir {

ClientTable::ClientTable(uint32_t clients_max, uint32_t window_words)
    : clients_max_(clients_max), window_words_(window_words) {
  WEIR_ASSERT(clients_max > 0 && clients_max < kNoClient, "a table of clients needs room for one");
}

void ClientTable::prefetch(ClientSlot slot) const {
  __builtin_prefetch(&entry(slot), 1);
  const auto& windows = chunks_[slot / kChunkClients].windows;
  const uint32_t* window = &windows[size_t{slot % kChunkClients} * window_words_];
  __builtin_prefetch(window, 1);
  __builtin_prefetch(window + window_words_ / 2, 1);
  __builtin_prefetch(window + window_words_ - 1, 1);
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
  WEIR_ASSERT(!full(), "evict before inserting");
  const ClientSlot slot = take_slot();
  uint64_t key = hash;
  while (!index_.try_emplace(key, slot).second)
    ++key;
  ClientEntry& client = entry(slot);
  client = ClientEntry{};
  client.hash = hash;
  client.check = check;
  in_use_[slot] = true;
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
  unlink(slot);
  in_use_[slot] = false;
  free_.push_back(slot);
}

void ClientTable::queue(ClientSlot slot, ClientRank rank, int64_t clock_ms) {
  unlink(slot);
  ClientEntry& client = entry(slot);
  Queue& queue = queues_[static_cast<size_t>(rank)];
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
  Queue& queue = queues_[static_cast<size_t>(client.rank)];
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
  if (slots_used_ % kChunkClients == 0) {
    chunks_.push_back(
        {std::make_unique<ClientEntry[]>(kChunkClients), std::make_unique<uint32_t[]>(kChunkClients * window_words_)});
    in_use_.resize(chunks_.size() * kChunkClients);
  }
  return slots_used_++;
}

size_t ClientTable::bytes() const {
  const size_t slab = chunks_.size() * kChunkClients * (sizeof(ClientEntry) + window_words_ * sizeof(uint32_t));
  const size_t index = index_.capacity() * (sizeof(std::pair<const uint64_t, ClientSlot>) + 1);
  return slab + index + free_.capacity() * sizeof(ClientSlot) + in_use_.capacity() / 8;
}

}  // namespace weir
