#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/binary_format.h"
#include "score/orders/client_order.h"

namespace weir {

/// A client, or one of its episodes, of which no alerts are made for a while.
struct Silence {
  ClientKind client_kind = ClientKind::kAddress;
  std::string client;
  std::string episode;   ///< its id; empty: all of the client's
  int64_t until_ms = 0;  ///< event time: alerts of records before it are left out
  std::string reason, caller;
};

/// The silences of one partition, by the chunk of their client; a part of the state. What one chunk does depends on no other.
class Silences {
 public:
  /// Of a chunk. A further one takes the place of the one that ends first.
  static constexpr size_t kOfChunkMax = 64;

  explicit Silences(uint32_t chunks) : chunks_(chunks) {}

  /// A silence of the same client and episode is replaced; one that has ended by `now_ms` only ends that.
  void take(uint32_t chunk, const ClientOrder& order, int64_t now_ms);
  /// Whether this alert is to be left out.
  [[nodiscard]] bool cover(const Alert& alert) const;
  /// Forgets those that ended before `horizon_ms`.
  void expire(uint32_t chunk, int64_t horizon_ms);
  void clear();

  [[nodiscard]] bool any() const { return count_ > 0; }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] const std::vector<Silence>& of(uint32_t chunk) const { return chunks_[chunk]; }

  void save(uint32_t chunk, BinaryWriter& out) const;
  /// Adds those of a saved chunk that `takes` wants. False if the bytes are none of save().
  bool load(uint32_t chunk, BinaryReader& in, const std::function<bool(const Silence&)>& takes);
  /// When several were added to one chunk: forgets what ends first, down to kOfChunkMax. Returns how many.
  size_t make_room(uint32_t chunk);

 private:
  void index(uint32_t chunk);
  void forget_first(std::vector<Silence>& own);

  std::vector<std::vector<Silence>> chunks_;  // oldest first
  size_t count_ = 0;
  absl::flat_hash_map<uint64_t, uint32_t> chunk_of_;  // by client_check
};

}  // namespace weir
