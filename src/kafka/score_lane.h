#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kafka/lane.h"
#include "pipeline/lane_counters.h"
#include "pipeline/observation_block.h"
#include "score/scorer.h"

namespace weir {

/// The score stage in a lane: one scorer for each partition of the observations topic that the lane has, and the alerts they
/// raise. The state of a partition is only as good as the offset it stands at: it is kept over a rebalance when the
/// committed offset is that one, and dropped otherwise.
class ScoreWork : public StageWork {
 public:
  struct Options {
    std::vector<std::string> requests_topics;  ///< names for RecordCoordinates::topic
    std::string observations_topic;
    std::string alerts_topic;
    std::string dead_letter_topic;
    std::string version;
    ScoreOptions score;
  };

  ScoreWork(Options options, LogSink log, ScoreCounters& counters, KafkaCounters& kafka_counters);

  Status process(std::span<const InputRecord> batch, const RecordSource& source, OutputTransaction& output,
                 Patience& patience) override;
  void on_committed() override;
  /// A scorer cannot go back, so what it said is kept until it is stored.
  bool can_reproduce() override { return true; }
  Status reproduce(OutputTransaction& output, Patience& patience) override;
  [[nodiscard]] size_t retained_bytes() const override { return retained_bytes_; }
  bool restoring(const RecordSource&) override { return false; }
  Status on_assigned(std::span<AssignedPartition> partitions, Patience& patience) override;
  void on_revoked(bool committed) override;
  void tick() override;

 private:
  /// The state of one partition and where it stands.
  struct PartitionState {
    int32_t partition = 0;
    int64_t next_offset = PartitionOffset::kUnknown;
    Scorer scorer;
    ScorerStatistics counted;  ///< what of its statistics is already in the counters
  };
  /// A message as it was produced, until it is known to be stored.
  struct RetainedMessage {
    std::string_view topic;  ///< of options_
    std::string key, value;
    std::vector<std::pair<std::string, std::string>> headers;
    int64_t append_ms = 0;  ///< of the record that led to it; 0 when unknown
  };

  PartitionState& state_of(int32_t partition);
  void score_block(const InputRecord& record, const RecordSource& source);
  void retain_alert(const Alert& alert, int64_t append_ms);
  void retain_dead_letter(const InputRecord& record, const Error& error);
  void retain(RetainedMessage message);
  Status produce_retained(size_t first, OutputTransaction& output, Patience& patience);
  void count(PartitionState& state);

  Options options_;
  LogSink log_;
  ScoreCounters& counters_;
  KafkaCounters& kafka_counters_;
  std::vector<std::unique_ptr<PartitionState>> states_;
  ObservationBlock block_;
  std::vector<Alert> alerts_;
  std::vector<RetainedMessage> retained_;
  size_t retained_bytes_ = 0;
};

}  // namespace weir
