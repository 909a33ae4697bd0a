#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/binary_format.h"
#include "score/burst.h"
#include "score/client_table.h"

namespace weir {

/// One client of a saved chunk (docs/state-chunk.md). Its window is written from the oldest request on, so that the bytes do
/// not depend on where in the rings it stands.

/// Appends a client. Times are differences to `clock_ms`. `burst_words`: its part of `bursts`.
void put_client(const ClientEntry& client, const uint32_t* window, uint32_t capacity, int64_t clock_ms,
                const Bursts& bursts, const uint32_t* burst_words, std::string& out);

/// What of a saved client is not in its entry by itself.
struct SavedClient {
  ClientEntry entry;  ///< hash, check, times, touched
  uint32_t window[3 * 16]{};
  struct RequestPane {
    uint32_t before_newest = 0, count = 0;
  };
  uint32_t newest_pane = 0;
  std::vector<RequestPane> requests;  ///< the newest pane's last
  bool has_activity = false;
  BurstActivity activity;  ///< the episodes of its open bursts are to come; the topics of its records are as saved
};

/// The layouts of a chunk that are read. The last four are written, each where there is what it adds; the last wherever observations are
/// scored in the order of event time.
enum class ChunkLayout : uint8_t {
  kWithoutSources = 2,
  kWithoutValues = 3,
  kWithValues = 4,
  kWithSilences = 5,
  kWithDecisions = 6,
  kInEventOrder = 7,
};

/// False if the bytes are no client. The entry's place in queues and its episodes are the caller's.
bool read_client(BinaryReader& in, ChunkLayout layout, SavedClient& client, uint32_t capacity, int64_t clock_ms);

/// False for times no clock shows; everything that adds or subtracts times relies on it.
constexpr bool is_plausible_time(int64_t ms) {
  constexpr int64_t kLimit = int64_t{1} << 53;
  return ms > -kLimit && ms < kLimit;
}

}  // namespace weir
