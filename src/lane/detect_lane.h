#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lane/block_router.h"
#include "lane/lane.h"
#include "lane/record_samples.h"
#include "lane/sources/source_keeper.h"
#include "lane/topic_header.h"
#include "pipeline/analyzer.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// Header of an observation block: append time of the oldest record in it, milliseconds since the epoch in decimal.
inline constexpr const char* kAppendTimeHeader = "weir.append.ms";
/// Header of an observation block: kafka.group_id of the processes it is meant for. Earlier versions wrote none.
inline constexpr const char* kGroupHeader = "weir.group";

/// The detect stage in a lane: records through the analyzer, observations as blocks to the partition of their client,
/// rejected records to the dead-letter topic. Holds no state that outlives a batch.
class DetectWork : public StageWork {
 public:
  struct Options {
    TopicTable topics;  ///< those that are read
    std::string observations_topic;
    int32_t observations_partitions = 1;
    std::string dead_letter_topic;
    std::string group;                        ///< kafka.group_id: whose blocks these are
    RecordSamples* samples = nullptr;         ///< of what cannot be read; null: not wanted. It must outlive the work
    std::vector<int32_t> input_partitions{};  ///< of each topic that was known at the start
  };

  /// `board` is shared by the lanes of a process; null: nothing waits for other sources, and blocks say nothing of theirs.
  DetectWork(Options options, AnalyzerOptions analyzer, const RuleSlot& rules, DetectCounters& counters,
             KafkaCounters& kafka_counters, SourceBoard* board = nullptr, size_t lane = 0);

  Status process(std::span<const InputRecord> batch, RecordSource& source, OutputTransaction& output,
                 Patience& patience) override;
  Status quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                    Patience& patience) override;
  void on_committed(bool) override {}
  bool can_reproduce() override { return false; }
  Status reproduce(OutputTransaction&, Patience&) override { return {}; }
  [[nodiscard]] size_t retained_bytes() const override { return 0; }
  [[nodiscard]] bool has_awaited_output() const override { return true; }
  bool restoring(RecordSource&, Patience&) override { return false; }
  Status on_assigned(std::span<AssignedPartition> partitions, Patience&) override {
    if (keeper_) keeper_->assigned(partitions, SourceKeeper::Clock::now());
    return {};
  }
  void on_revoked(bool) override {
    if (keeper_) keeper_->revoked(SourceKeeper::Clock::now());
  }
  void steer(RecordSource& source) override {
    if (keeper_) keeper_->steer(source, SourceKeeper::Clock::now());
  }
  bool has_more() override { return keeper_ && keeper_->target_to_tell(SourceKeeper::Clock::now()); }
  void on_rewound() override {
    if (keeper_) keeper_->rewound();
  }
  void tick() override {}

 private:
  Status produce_dead_letters(std::span<const InputRecord> batch, OutputTransaction& output, Patience& patience);
  Status produce_dead_letter(const InputRecord& record, std::string_view reason, std::string_view detail,
                             OutputTransaction& output, Patience& patience);
  Status produce_observations(OutputTransaction& output, Patience& patience);
  Status tell_sources(OutputTransaction& output, Patience& patience);

  Options options_;
  KafkaCounters& kafka_counters_;
  Analyzer analyzer_;
  std::vector<RawRecord> raw_;
  AnalyzedBatch analyzed_;
  BlockRouter router_;
  TopicHeaderWriter topic_header_;
  std::optional<SourceKeeper> keeper_;
};

}  // namespace weir
