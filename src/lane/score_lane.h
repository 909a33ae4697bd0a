#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alert/alert_encoder.h"
#include "alert/alert_enricher.h"
#include "lane/clients/client_desk.h"
#include "lane/lane.h"
#include "lane/sources/source_board.h"
#include "lane/state/partition_state.h"
#include "lane/state/state_division.h"
#include "lane/state/stored_state.h"
#include "lane/topic_header.h"
#include "pipeline/lane_counters.h"
#include "pipeline/observation_block.h"
#include "score/scorer.h"

namespace weir {

/// The score stage in a lane: one scorer for each partition of the observations topic that the lane has, and the alerts they
/// raise. The state of a partition is only as good as the offset it stands at: it is kept over a rebalance when the
/// committed offset is that one, and restored from the state topic otherwise (docs/adr/0012-exactly-once.md): chunks of it are
/// written there round after round, each with the offset it stands at.
class ScoreWork : public StageWork {
 public:
  struct Options {
    TopicTable topics;  ///< names for RecordCoordinates::topic
    std::string observations_topic;
    std::string alerts_topic;
    std::string dead_letter_topic;
    std::string decisions_topic;
    std::string group;  ///< kafka.group_id: blocks and state of others are not ours
    std::shared_ptr<const AlertEncoder> alert_encoder;
    ScoreOptions score;
    std::string state_topic;  ///< empty: no snapshots, and a restart begins with empty windows
    uint32_t observations_partitions = 0;
    Milliseconds snapshot_round{30'000};
    std::function<Milliseconds()> now;  ///< paces the snapshots; empty: the steady clock
    /// What the alerts topic takes (max.message.bytes); larger alerts are trimmed.
    size_t alert_bytes_max = std::numeric_limits<size_t>::max();
    std::shared_ptr<const AlertEnricher> alert_enricher{};  ///< null: nothing is known of addresses
    /// What the clients' hashes are keyed with, as a digest that tells nothing of it; 0: not known.
    uint64_t hash_key_mark = 0;
  };
  /// Snapshots that may wait for one transaction. What does not fit comes with the next ones.
  static constexpr size_t kSnapshotBytesMax = 8 << 20;

  /// `store` reads the state topic; null without one. `board` hears what blocks say of sources. Both must outlive this object.
  ScoreWork(Options options, LogSink log, ScoreCounters& counters, KafkaCounters& kafka_counters,
            StateStore* store = nullptr, SourceBoard* board = nullptr);

  Status process(std::span<const InputRecord> batch, RecordSource& source, OutputTransaction& output,
                 Patience& patience) override;
  Status quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                    Patience& patience) override;
  void on_committed(bool offsets_too) override;
  /// A scorer cannot go back, so what it said is kept until it is stored.
  bool can_reproduce() override { return true; }
  Status reproduce(OutputTransaction& output, Patience& patience) override;
  [[nodiscard]] size_t retained_bytes() const override { return retained_bytes_; }
  [[nodiscard]] bool has_awaited_output() const override { return retained_bytes_ > 0; }  // snapshots are none of it
  bool has_output() override;
  bool restoring(RecordSource& source, Patience& patience) override;
  Status on_assigned(std::span<AssignedPartition> partitions, Patience& patience) override;
  void on_revoked(bool committed) override;
  void tick() override;
  void answer_questions() override;

  /// All chunks of a partition as they are at the offset it stands at; none where it has no state that is restored.
  [[nodiscard]] WholeState whole_state(int32_t partition) const;

  /// Where other threads ask about this lane's clients.
  [[nodiscard]] ClientDesk& desk() { return desk_; }

  /// For tests: the digest of a partition's state that stands at `next_offset`; nothing when there is none.
  [[nodiscard]] std::optional<uint64_t> digest(int32_t partition, int64_t next_offset) const;

 private:
  /// A message as it was produced, until it is known to be stored.
  struct RetainedMessage {
    std::string_view topic;  ///< of options_
    std::string key, value;
    std::vector<std::pair<std::string, std::string>> headers;
    int64_t append_ms = 0;  ///< of the record that led to it; 0 when unknown
    int32_t partition = OutputMessage::kByKey;
    bool is_tombstone = false;
  };

  /// A chunk on its way to the state topic.
  struct SavedChunk {
    int32_t partition = 0;
    uint32_t chunk = 0;
    int64_t offset = 0;
  };

  PartitionState& state_of(int32_t partition);
  void score_block(const InputRecord& record, const RecordSource& source);
  void note_orders(const InputRecord& record);
  enum class Turn : uint8_t { kNew, kRepeated, kSkipped };
  Turn take_turn(PartitionState& state, const InputRecord& record);
  void end_turn(PartitionState& state);
  [[nodiscard]] bool is_foreign(const InputRecord& record, const RecordSource& source);
  bool load_due(PartitionState& state, int64_t offset);
  void finish_restore(PartitionState& state);
  Status restore(std::span<AssignedPartition*> partitions, Patience& patience);
  Status restore_from(AssignedPartition& partition, StoredState stored);
  Result<std::vector<StoredState>> read_states(std::span<AssignedPartition*> partitions, Patience& patience);
  void report_restore(const AssignedPartition& partition, const RestorePlan& plan);
  void begin_again(RecordSource& source, Patience& patience);

  void take_snapshots();
  void save_chunk(PartitionState& state, uint32_t chunk);
  void retain_state(const StateRecord& record);
  void retain_genesis(PartitionState& state, int64_t offset);

  void retain_alert(Alert& alert, int64_t append_ms);
  void retain_decision(const DecisionChange& change, int64_t append_ms);
  void retain_dead_letter(const InputRecord& record, std::string_view reason, const std::string& detail);
  void retain(RetainedMessage message);
  static size_t size_of(const RetainedMessage& message);
  void forget_output();
  Status produce_retained(OutputTransaction& output, Patience& patience);
  void count(PartitionState& state);
  void report_stuck_sources();
  void report_early(int32_t partition, uint64_t early);
  [[nodiscard]] ClientAnswer answer(const ClientQuestion& question) const;

  Options options_;
  LogSink log_;
  ScoreCounters& counters_;
  KafkaCounters& kafka_counters_;
  std::vector<std::unique_ptr<PartitionState>> states_;
  ObservationBlock block_;
  std::vector<Alert> alerts_;
  std::set<int32_t> assigned_;  // partitions
  StateStore* store_;
  SourceBoard* board_;
  std::set<std::pair<uint16_t, int32_t>> stuck_;  // sources, as last said
  std::set<int32_t> early_;                       // partitions where more waits than there is room for, as last said
  TopicHeaderReader topic_header_;
  std::vector<RetainedMessage> retained_;
  size_t produced_ = 0;  // of retained_, into the open transaction
  size_t retained_bytes_ = 0, snapshot_bytes_ = 0;
  std::vector<SavedChunk> saving_;                 // among retained_
  std::map<int32_t, std::set<uint32_t>> damaged_;  // chunks that could not be loaded, of restores to begin again
  bool said_foreign_ = false;
  std::string foreign_group_;  // the last that was said
  std::string chunk_;
  ClientDesk desk_;
  RecentAlerts recent_alerts_;
};

}  // namespace weir
