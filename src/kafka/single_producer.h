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

/// Writes one record and waits for the broker's acknowledgement: for tools. Makes a client of its own.
Result<ProducedRecord> produce_one(const ClientOptions& options, const std::string& topic, const std::string& value,
                                   Milliseconds timeout, int32_t partition = kAnyPartition);

}  // namespace weir
