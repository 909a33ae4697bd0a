#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"

namespace weir {

/// Where a record ended up.
struct ProducedRecord {
  int32_t partition = 0;
  int64_t offset = 0;
};

inline constexpr int32_t kAnyPartition = -1;

/// A record without a key has none; without a value it is a tombstone, which in a compacted topic ends its key.
struct SingleRecord {
  std::string topic;
  std::string key;
  std::string value;
  int32_t partition = kAnyPartition;  ///< by the key, or any
};

/// Writes one record and waits for the broker's acknowledgement: for tools. Makes a client of its own.
Result<ProducedRecord> produce_one(const ClientOptions& options, const SingleRecord& record, Milliseconds timeout);

}  // namespace weir
