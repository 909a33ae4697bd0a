#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lane/patience.h"
#include "lane/record_source.h"
#include "lane/state/state_record.h"

namespace weir {

/// What the state topic holds of one partition, as far as it is of use at a committed offset.
struct StoredState {
  struct Chunk {
    int64_t offset = 0;
    std::string bytes;
  };
  std::map<uint32_t, Chunk> chunks;  ///< the newest whole version of each, not beyond the committed offset
  uint32_t chunk_count = 0;          ///< 0: no chunk was found
  int64_t genesis = PartitionOffset::kUnknown;
  uint64_t bad_records = 0;              ///< that could not be read
  uint32_t observations_partitions = 0;  ///< as its records say; 0: there are none
  uint64_t hash_key_mark = 0;            ///< as its newest record says (kHashKeyHeader); 0: it does not

  [[nodiscard]] bool complete() const { return chunk_count > 0 && chunks.size() == chunk_count; }
};

/// Whether clients stand where this state has them. Fails with kUnsupported on a state of another number of partitions of observations,
/// or that was made with another hash_key; what is not known (0) fits.
Status check_layout(const StoredState& stored, const std::string& state_topic, uint32_t observations_partitions,
                    uint64_t hash_key_mark);

/// Puts a partition's state together from the messages of the state topic, in whatever order they come.
class StateCollector {
 public:
  /// Chunks beyond `committed` are ignored: they are not of this past.
  explicit StateCollector(int64_t committed) : committed_(committed) {}

  /// `position` is the message's offset in the state topic; `hash_key_mark` what its header says.
  void add(int64_t position, std::string_view value, uint64_t hash_key_mark = 0);
  /// With what was added so far: nothing older is needed, since every chunk is there, or the state's beginning is.
  [[nodiscard]] bool enough() const;
  StoredState take();

 private:
  struct Version {
    int64_t offset = 0;
    int64_t position = 0;  ///< of its first part that came
    std::vector<std::string> parts;
    std::vector<bool> has;
    [[nodiscard]] bool whole() const;
  };
  void add_chunk(int64_t position, const StateRecord& record);
  [[nodiscard]] const Version* best(const std::vector<Version>& versions) const;

  int64_t committed_;
  StoredState state_;  // without the chunks
  int64_t newest_position_ = -1;
  int64_t genesis_position_ = -1;
  std::map<uint32_t, std::vector<Version>> versions_;  // by chunk; few at a time
};

/// Where a score lane finds the state of its partitions. Kafka in the daemon; tests and the simulation put a fake here.
class StateStore {
 public:
  struct Request {
    int32_t partition = 0;
    int64_t committed = 0;  ///< by the group, of the observations
  };

  StateStore() = default;
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;
  virtual ~StateStore() = default;

  /// The states of these partitions, in their order, read side by side. For what is not complete, waits for transactions
  /// that may still add to it. `chunk_count` is the scorer's: about so many messages are a round of snapshots. Blocks as long as
  /// `patience` lasts.
  virtual Result<std::vector<StoredState>> read(std::span<const Request> partitions, uint32_t chunk_count,
                                                Patience& patience) = 0;
};

/// How the state of a partition is brought back.
struct RestorePlan {
  struct Chunk {
    uint32_t number = 0;
    int64_t offset = 0;  ///< to be loaded before the observations from here on
    std::string bytes;   ///< empty: it was empty, or is lost
  };
  int64_t start = PartitionOffset::kUnknown;    ///< of the observations to read again, muted up to the committed offset
  std::vector<Chunk> chunks;                    ///< in the order of loading; none: the state begins empty at `start`
  int64_t genesis = PartitionOffset::kUnknown;  ///< of the state on record; kUnknown: this life begins it
  size_t chunks_lost = 0;  ///< whose observations retention has removed: their clients start afresh
  bool foreign = false;    ///< what is stored is laid out differently and cannot be used
};

/// `low` is the first observation there still is (kUnknown: not known), `chunk_count` the scorer's.
RestorePlan plan_restore(StoredState stored, int64_t committed, int64_t low, uint32_t chunk_count);

}  // namespace weir
