#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory/huge_pages.h"
#include "score/client_index.h"

namespace weir {

inline constexpr uint32_t kNoEpisode = 0xffffffff;

/// How much would be lost with a client, least first: the order of eviction.
/// kCount: of a slot that is not in use.
enum class ClientRank : uint8_t { kUnscored, kScored, kEpisodeOpen, kCount };

/// One client: a cache line of its own. The window itself lies beside it (see ClientTable::window).
struct alignas(64) ClientEntry {
  uint64_t hash = 0;            ///< of kind and identity, as in the observation
  uint64_t check = 0;           ///< a second, independent hash of the same
  int64_t last_ms = 0;          ///< event time of the client's latest record in partition order
  int64_t newest_ms = 0;        ///< greatest event time of its records
  int64_t queued_clock_ms = 0;  ///< partition event time when it was put at the back of its rank's queue
  ClientSlot next = kNoClient;  ///< in its rank's queue; towards the back
  ClientSlot previous = kNoClient;
  std::array<uint32_t, 2> episodes{kNoEpisode, kNoEpisode};  ///< open ones, by AlertKind
  uint16_t bots = 0;  ///< bit i: the record at window place i came from a bot user agent
  uint8_t window_size = 0;
  uint8_t window_next = 0;  ///< place of the next record; when the window is full, of the oldest
  uint8_t distinct_addresses = 0;
  uint8_t distinct_agents = 0;
  ClientRank rank = ClientRank::kUnscored;
  bool touched = false;  ///< a record came since it was queued: one more round before eviction or expiry
};
static_assert(sizeof(ClientEntry) == 64);

/// The clients of one partition: a hash index over a slab of fixed-size entries that grows by pages. The clients are divided
/// by hash into chunks, each with its own limit and its own queue per rank, so that what happens in one depends on nothing in
/// another (docs/scoring.md). At 10 requests a window a client costs 64 + 120 bytes of slab and 11 to 22 of index, a chunk
/// 28. Not thread-safe.
class ClientTable {
 public:
  static constexpr uint32_t kChunksMax = 4096;

  /// A power of two, for chunks of half of `chunk_clients` to `chunk_clients` clients as long as kChunksMax allows.
  static uint32_t chunk_count_for(uint32_t clients_max, uint32_t chunk_clients);

  /// `chunk_count`: a power of two. `window_words`: 32-bit words of window storage a client gets.
  ClientTable(uint32_t clients_max, uint32_t chunk_count, uint32_t window_words);

  [[nodiscard]] uint32_t chunk_count() const { return static_cast<uint32_t>(chunks_.size()); }
  [[nodiscard]] uint32_t chunk_of(uint64_t hash) const {
    return static_cast<uint32_t>(uint64_t{ClientIndex::tag_of(hash)} >> (32 - chunk_bits_));
  }

  /// Forgets all clients.
  void clear();

  /// What of a client's storage is used.
  enum class StorageUse : uint8_t { kAll, kEnd };

  /// Starts loading the index cells of a hash, and the memory of a slot: its entry and of its storage as much as is used.
  void prefetch_index(uint64_t hash) const { index_.prefetch(hash); }
  void prefetch(ClientSlot slot, StorageUse use = StorageUse::kAll) const;

  /// The client's slot or kNoClient. Two clients with the same hash are told apart by `check`.
  [[nodiscard]] ClientSlot find(uint64_t hash, uint64_t check) const;

  /// The slot of the client that most likely has this hash, without reading it; for prefetch. Or kNoClient.
  [[nodiscard]] ClientSlot guess(uint64_t hash) const { return index_.guess(hash); }

  /// For a hash that guess() does not find: starts loading what insert() writes, and who has to go before it if the chunk is
  /// full. Then, when that has come, what those point to.
  void prefetch_newcomer(uint64_t hash, StorageUse use) const;
  void prefetch_eviction(uint64_t hash) const;

  /// True if the slot holds this client now; a cheaper check of an earlier find().
  [[nodiscard]] bool holds(ClientSlot slot, uint64_t hash, uint64_t check) const {
    return slot < slots_used_ && entry(slot).hash == hash && entry(slot).check == check &&
           entry(slot).rank != ClientRank::kCount;
  }

  /// Adds a client that find() did not find, at the back of kUnscored of its chunk.
  ClientSlot insert(uint64_t hash, uint64_t check, int64_t clock_ms);
  void remove(ClientSlot slot);

  /// Puts a client at the back of a rank's queue.
  void queue(ClientSlot slot, ClientRank rank, int64_t clock_ms);
  /// The longest queued client of a rank in a chunk, or kNoClient. The others follow by ClientEntry::next.
  [[nodiscard]] ClientSlot front(uint32_t chunk, ClientRank rank) const {
    return chunks_[chunk].queues[static_cast<size_t>(rank)].front;
  }

  [[nodiscard]] ClientEntry& entry(ClientSlot slot) { return pages_[slot / kPageClients].entries[slot % kPageClients]; }
  [[nodiscard]] const ClientEntry& entry(ClientSlot slot) const {
    return pages_[slot / kPageClients].entries[slot % kPageClients];
  }
  [[nodiscard]] uint32_t* window(ClientSlot slot) {
    return &pages_[slot / kPageClients].windows[size_t{slot % kPageClients} * window_words_];
  }
  [[nodiscard]] const uint32_t* window(ClientSlot slot) const {
    return &pages_[slot / kPageClients].windows[size_t{slot % kPageClients} * window_words_];
  }

  [[nodiscard]] size_t size() const { return index_.size(); }
  [[nodiscard]] uint32_t size(uint32_t chunk) const { return chunks_[chunk].clients; }
  [[nodiscard]] bool full(uint32_t chunk) const { return size(chunk) >= chunk_clients_max_; }
  /// More than it may hold, as only a chunk that is put together can have.
  [[nodiscard]] bool overfull(uint32_t chunk) const { return size(chunk) > chunk_clients_max_; }
  [[nodiscard]] size_t bytes() const;

 private:
  static constexpr size_t kPageClients = 1024;
  /// So many pages are allocated one by one; a larger table grows by blocks of huge pages, of which at most one is not in
  /// use.
  static constexpr size_t kSmallPages = 4;

  static constexpr uint32_t kHalfCacheLine = 32 / sizeof(uint32_t);

  struct Page {  // in one of blocks_
    ClientEntry* entries;
    /// On cache lines, a client's on half ones: what lies across a line more than it must is a load more for each request.
    uint32_t* windows;
  };
  struct Queue {
    ClientSlot front = kNoClient, back = kNoClient;
  };
  struct Chunk {
    std::array<Queue, static_cast<size_t>(ClientRank::kCount)> queues;
    uint32_t clients = 0;
  };

  ClientSlot take_slot();
  void add_page();
  void unlink(ClientSlot slot);

  uint32_t chunk_clients_max_;
  uint32_t window_words_;
  uint32_t chunk_bits_;
  ClientIndex index_;
  std::vector<Page> pages_;
  std::vector<MemoryBlock> blocks_;
  size_t block_pages_left_ = 0;  // room behind the last page in the last block
  std::vector<ClientSlot> free_;
  ClientSlot slots_used_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace weir
