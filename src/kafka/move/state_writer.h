#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kafka/client_options.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/ending_clients.h"
#include "lane/patience.h"
#include "lane/state/state_record.h"
#include "lane/transaction_client.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// Writes a whole state to a state topic, so that a score lane takes it up: chunks that stand before offset 0 of the observations, in
/// transactions of some size, and at last in one transaction offset 0 as the committed one of every partition, which is what makes them count
/// (docs/adr/0057). Before that a lane that is assigned a partition begins it empty. One thread.
class StateWriter {
 public:
  static constexpr size_t kTransactionBytes = 8 << 20;

  struct Target {
    std::string group;  ///< kafka.group_id
    std::string observations, state;
    int32_t partitions = 0;
    uint64_t hash_key_mark = 0;
  };

  /// Ends what an earlier attempt may have left open.
  static Result<std::unique_ptr<StateWriter>> open(const ClientOptions& options, Target target, Patience& patience);
  ~StateWriter();

  Status add(int32_t partition, uint32_t chunk, uint32_t chunk_count, std::string_view bytes);
  /// What was added is stored, and no transaction is open.
  Status flush();
  /// All chunks are there, and stored: they count.
  Status finish();
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  StateWriter(Target target, Patience& patience) : target_(std::move(target)), patience_(patience) {}
  Status begin();
  Status commit();
  Status produce(const StateRecord& record);

  Target target_;
  Patience& patience_;
  KafkaCounters counters_;
  EndingClients ending_;  // before what hands clients over
  std::unique_ptr<KafkaConsumer> consumer_;
  std::unique_ptr<TransactionClient> client_;
  bool is_open_ = false;  // a transaction
  size_t open_bytes_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace weir
