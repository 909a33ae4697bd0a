#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/ranges/decided_end.h"
#include "lane/state/stored_state.h"

namespace weir {

/// Reads partitions of the state topic, the newest messages first: usually a round of snapshots is all that is needed. Each read
/// has a client of its own, which has all its partitions at once and is gone afterwards. One thread.
class StateReader : public StateStore {
 public:
  static constexpr int64_t kFirstWindowMin = 256;  ///< messages; each further window is twice as large

  StateReader(const ClientOptions& options, std::string topic);  // of kafka.group_id

  Result<std::vector<StoredState>> read(std::span<const Request> partitions, uint32_t chunk_count,
                                        Patience& patience) override;

 private:
  /// One partition on its way through its windows.
  struct Reading {
    int32_t partition = 0;
    StateCollector collector;
    int64_t low = 0;
    PartitionBounds window;
    bool window_read = true;
  };

  Result<ClientHandle> connect(const char* isolation);
  Status wait_until_decided(rd_kafka_t& client, std::span<const Reading> incomplete, Patience& patience);
  Status collect(rd_kafka_t& client, std::span<Reading> readings, int64_t first_window, Patience& patience) const;
  Status read_windows(rd_kafka_t& client, std::span<Reading*> readings, Patience& patience) const;
  Status take(rd_kafka_t& client, const rd_kafka_message_t& message, std::span<Reading*> readings) const;
  Status finish_window(rd_kafka_t& client, Reading& reading) const;
  void wake_fetches(rd_kafka_t& client, int32_t partition) const;
  [[nodiscard]] PartitionListHandle list_of(std::span<Reading*> readings) const;

  const ClientOptions options_;
  const std::string topic_;
  ClientContext context_;
};

}  // namespace weir
