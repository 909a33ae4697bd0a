#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "score/waiting/waiting_record.h"

namespace weir {

/// What waits to be scored of one partition, by the chunk of its client or group; a part of the state. What one chunk does depends on
/// no other, so that chunks can be saved and restored one by one.
class WaitingRecords {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  /// `bytes_max`: of all chunks, each of which has its part, but room for a few records in any case.
  WaitingRecords(TopicTable topics, uint32_t chunks, uint64_t bytes_max);

  /// An event's definition must have been kept.
  void add(uint32_t chunk, WaitingRecord record);
  /// Our own copy of an event's definition, for as long as such events wait.
  void keep(const CorrelationDefinition& definition);
  /// Null if none was kept.
  [[nodiscard]] const CorrelationDefinition* definition(uint64_t hash) const;
  /// To be called when nothing that was taken out is in use any more.
  void forget_definitions();

  /// Takes the first record out of a chunk that holds more than its part. From then on what comes before it is late there.
  std::optional<WaitingRecord> take_excess(uint32_t chunk);
  /// Takes out all from before `time_ms`, in order.
  [[nodiscard]] std::vector<WaitingRecord> take_before(int64_t time_ms);
  /// Whether a record of this time comes behind one that was taken out of its chunk because that held too much.
  [[nodiscard]] bool is_overtaken(uint32_t chunk, int64_t time_ms) const {
    return time_ms < chunks_[chunk].overtaken_ms;
  }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  void clear();

  void save(uint32_t chunk, BinaryWriter& out) const;
  /// Whether a client of this hash belongs to the chunk.
  using IsOfChunk = std::function<bool(uint64_t client_hash)>;
  /// Into a chunk that has none. False if the bytes are none of save().
  bool load(uint32_t chunk, BinaryReader& in, const IsOfChunk& is_of_chunk);

 private:
  static constexpr size_t kDefinitionsMin = 512;  // so many may be kept that nothing needs

  struct Chunk {
    std::vector<WaitingRecord> heap;  // the first in order on top
    uint64_t bytes = 0;
    int64_t overtaken_ms = kNever;
  };
  WaitingRecord take_first(Chunk& chunk);
  void save_definitions(const Chunk& chunk, BinaryWriter& out) const;
  bool load_definitions(BinaryReader& in);
  bool take_saved(Chunk& chunk, WaitingRecord record, const IsOfChunk& is_of_chunk);
  [[nodiscard]] bool is_later(const WaitingRecord& a, const WaitingRecord& b) const { return order_(b, a); }

  TopicTable topics_;
  WaitingOrder order_;
  uint64_t chunk_bytes_max_;
  std::vector<Chunk> chunks_;
  size_t size_ = 0, events_ = 0, definitions_max_ = kDefinitionsMin;
  uint64_t bytes_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<CorrelationDefinition>> definitions_;  // by hash
};

}  // namespace weir
