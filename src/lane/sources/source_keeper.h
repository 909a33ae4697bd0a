#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lane/record_source.h"
#include "lane/sources/corrected_times.h"
#include "lane/sources/kept_records.h"
#include "lane/sources/source_board.h"
#include "lane/sources/source_estimate.h"
#include "pipeline/analyzer.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// The sources of one detect lane: how far each has come, which records must wait for slower sources, and what the blocks say of it
/// (docs/adr/0029-watermarks.md). One thread.
class SourceKeeper {
 public:
  using Clock = std::chrono::steady_clock;
  /// So often a partition of the observations hears of all sources when they move on, and when they do not.
  static constexpr Milliseconds kTellMoving{1'000};
  static constexpr Milliseconds kTellStill{4'000};
  /// What was found in records that wait is kept for so many observations; beyond that records are analysed, and counted, again.
  static constexpr size_t kKeptMax = 262'144;

  /// `board` is shared with the other lanes and outlives this object; `inputs`: how many partitions each topic of the input has;
  /// `targets`: partitions of the observations.
  SourceKeeper(SourceBoard& board, size_t lane, std::vector<int32_t> inputs, int32_t targets,
               KafkaCounters& kafka_counters);

  void assigned(std::span<const AssignedPartition> partitions, Clock::time_point now);
  void revoked(Clock::time_point now);
  /// The lane goes back to its commits.
  void rewound();

  /// Before each poll: tells the board and lets go of what need not wait any more.
  void steer(RecordSource& source, Clock::time_point now);
  /// As steer(), but lets nothing go: within a batch.
  void report(RecordSource& source, Clock::time_point now);
  /// Those of a batch that are to be analysed: what was found in those that waited is known. Valid until the next call.
  std::span<const RawRecord> unknown_of(std::span<const RawRecord> batch);
  /// `analyzed` is of these; afterwards it is of the whole batch.
  void join(std::span<const RawRecord> batch, AnalyzedBatch& analyzed);
  /// Corrects wrong times, and takes out of `analyzed` what must wait, holding it back in `source`. `wall`: what time it is; records
  /// that are older by as much as one source may be ahead of another do not come as they happen.
  void take(std::span<const RawRecord> batch, AnalyzedBatch& analyzed, RecordSource& source, Clock::time_point now,
            EventTime wall);

  /// Records of this source that stand in the batch behind one that waits, wait too.
  [[nodiscard]] bool is_held(uint16_t topic, int32_t partition) const;

  /// What the next block for this target says; it counts as told.
  std::span<const SourceReport> reports_for(int32_t target, Clock::time_point now);
  /// A target that has not heard for too long; nothing: none.
  [[nodiscard]] std::optional<int32_t> target_to_tell(Clock::time_point now) const;

 private:
  struct State {
    uint16_t topic = 0;
    int32_t partition = 0;
    SourceEstimate estimate;
    bool is_held = false;
    int64_t head_ms = 0;  // of the record that waits
    int64_t passed_ms =
        SourceReport::kNoTime;      // of the last that waited: so far the source has come, though its median is behind
    uint32_t wrong_run = 0;         // wrong records in a row
    std::bitset<64> wrong_clients;  // of these, by hash
    SourceReport report;
    int64_t asked_end = PartitionOffset::kUnknown;
    // of the batch at hand:
    std::vector<SourceEstimate::Next> times;
    size_t seen = 0;
    int64_t cut = PartitionOffset::kUnknown;   // the first record that must wait
    int64_t next = PartitionOffset::kUnknown;  // behind the last record
    KeptRecords kept;
    bool is_bounded = false;  // only some of those that wait were let go
  };

  State& state_of(const RecordCoordinates& at);
  void mention_others();
  void tell_all_anew();
  void judge(const RawRecord& raw, Observation& record);
  void ask_for_ends(RecordSource& source, Clock::time_point now);
  void find_cuts(std::span<const RawRecord> batch, AnalyzedBatch& analyzed);
  void keep_waiting(std::span<const RawRecord> batch, const AnalyzedBatch& analyzed);
  [[nodiscard]] bool waits(const RecordCoordinates& at);
  [[nodiscard]] static bool is_to_keep(const State& state, int64_t offset);

  SourceBoard& board_;
  const size_t lane_;
  const std::vector<int32_t> inputs_;
  KafkaCounters& kafka_counters_;
  std::vector<State> states_;
  size_t last_state_ = 0;
  SourceBoard::Bounds bounds_;
  std::optional<int64_t> question_ms_;  // the last record of the batch at hand before which ends are to be asked
  int64_t old_before_ms_ = 0;           // records of the batch at hand that are earlier do not come as they happen
  std::vector<SourceBoard::Own> own_;
  std::vector<SourceReport> some_reports_;
  std::vector<SourceReport> mentions_;   // of sources that others read
  std::vector<Clock::time_point> told_;  // by target: of all sources
  Clock::time_point moved_at_{};         // a source got on
  bool is_doubted_ = false;              // what was told of ends
  Clock::time_point doubt_told_{};       // for a question
  CorrectedTimes corrected_;
  std::vector<RawRecord> unknown_;
  bool are_some_known_ = false;  // of the batch at hand
  AnalyzedBatch joined_;
};

}  // namespace weir
