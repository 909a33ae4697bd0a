#pragma once

#include <memory>
#include <string>

#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/stored_state.h"

namespace weir {

/// Reads partitions of the state topic, the newest messages first: usually a round of snapshots is all that is needed. Each read
/// has a client of its own, which is gone afterwards. One thread.
class StateReader : public StateStore {
 public:
  static constexpr int64_t kFirstWindow = 4'096;  ///< messages; each further window is four times as large

  StateReader(const ClientOptions& options, std::string topic);

  Result<StoredState> read(int32_t partition, int64_t committed, Patience& patience) override;

 private:
  struct Bounds {
    int64_t low = 0, high = 0;
  };

  Result<ClientHandle> connect(const char* isolation);
  Result<Bounds> bounds(rd_kafka_t& client, int32_t partition, Patience& patience) const;
  Status wait_until_decided(rd_kafka_t& client, int32_t partition, Patience& patience);
  Result<bool> collect(rd_kafka_t& client, int32_t partition, StateCollector& collector, Patience& patience) const;
  Status read_window(rd_kafka_t& client, int32_t partition, Bounds window, StateCollector& collector,
                     Patience& patience) const;

  const ClientOptions options_;
  const std::string topic_;
  ClientContext context_;
};

}  // namespace weir
