#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"

namespace weir {

/// A member of a consumer group, as the group's coordinator knows it.
struct PartitionOwner {
  std::string client_id;
  std::string instance_id;  ///< empty: it has none (kafka.instance_id)
  std::string host;         ///< as the brokers see it
};

/// Which member of `group` has this partition; nothing if none has. Asks the brokers with a client of its own and blocks for `timeout`
/// at most.
Result<std::optional<PartitionOwner>> owner_of_partition(const ClientOptions& options, const std::string& group,
                                                         const std::string& topic, int32_t partition,
                                                         Milliseconds timeout);

/// All members of `group`; none where there is no such group. Blocks likewise.
Result<std::vector<PartitionOwner>> members_of(const ClientOptions& options, const std::string& group,
                                               Milliseconds timeout);

}  // namespace weir
