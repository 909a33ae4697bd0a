#pragma once

#include <string>

#include "base/result.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {

/// Tries what weir will have to be allowed to, so that nothing comes of it: no record is written, no offset moves, no group is joined.
/// Each call makes a client of its own, takes up to `timeout` and answers ok, or with the broker's error. One thread.
class RightsProbe {
 public:
  RightsProbe(ClientOptions options, Milliseconds timeout);

  /// READ on a topic: a fetch from the end of its first partition.
  Status read(const std::string& topic) const;
  /// WRITE on a topic: a record with a kind of acknowledgement that no broker knows. It looks at the right first and refuses then.
  Status write(const std::string& topic) const;
  /// READ on a consumer group: a commit for a topic that does not exist, which brokers refuse after the right.
  Status commit(const std::string& group) const;
  /// WRITE and DESCRIBE on a transactional id: an epoch for it, and no transaction. Not for one in use: its owner would be fenced.
  Status transact(const std::string& transactional_id) const;

 private:
  struct Client;
  [[nodiscard]] Result<std::unique_ptr<Client>> make(rd_kafka_type_t type,
                                                     std::vector<ClientProperty> properties) const;

  ClientOptions options_;
  Milliseconds timeout_;
};

}  // namespace weir
