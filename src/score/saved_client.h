#pragma once

#include <cstddef>
#include <cstdint>

#include "base/binary_format.h"
#include "score/burst.h"
#include "score/client_table.h"

namespace weir {

/// One client of a saved chunk (docs/state-chunk.md). Its window is written from the oldest request on, so that the bytes do
/// not depend on where in the rings it stands.

inline constexpr size_t kSavedClientBytesMax = 512;

/// Writes a client at `at`, which has room for kSavedClientBytesMax bytes; returns the end. Times are differences to `clock_ms`;
/// `activity` may be null.
char* put_client(char* at, const ClientEntry& client, const uint32_t* window, uint32_t capacity, int64_t clock_ms,
                 const SlidingCount& requests, const BurstActivity* activity);

/// What of a saved client is not in its entry by itself.
struct SavedClient {
  ClientEntry entry;  ///< hash, check, times, touched
  uint32_t window[3 * 16]{};
  SlidingCount requests;
  bool has_activity = false;
  BurstActivity activity;  ///< its episode is the caller's
};

/// False if the bytes are no client. The entry's place in queues and its episodes are the caller's.
bool read_client(BinaryReader& in, SavedClient& client, uint32_t capacity, int64_t clock_ms);

/// False for times no clock shows; everything that adds or subtracts times relies on it.
constexpr bool is_plausible_time(int64_t ms) {
  constexpr int64_t kLimit = int64_t{1} << 53;
  return ms > -kLimit && ms < kLimit;
}

}  // namespace weir
