#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/time.h"

namespace weir {

/// What a block says of one partition of the input (docs/adr/0029-watermarks.md).
struct SourceReport {
  static constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

  uint16_t topic = 0;  ///< as in RecordCoordinates
  int32_t partition = 0;
  int64_t time_ms = kNoTime;  ///< how far its event time has come; kNoTime: no record was read yet
  bool at_end = false;        ///< it was read to its end
  bool waits = false;         ///< its next record waits for slower sources
  bool is_mention = false;    ///< says only that there is such a source: someone else reads it
  bool is_doubted = false;    ///< what was told of its end so far holds no longer
  bool operator==(const SourceReport&) const = default;
};

/// How far each source has come that a partition of the observations is made from, and what that means for its event time. A pure
/// function of the reports and the times at which the broker took the blocks. Part of the partition's state.
class SourceTimes {
 public:
  static constexpr size_t kSourcesMax = 1'024;  ///< further ones hold nothing
  static constexpr Milliseconds kEndCounts{
      10'000};                                      ///< a source was at its end within this time, as far as blocks tell
  static constexpr Milliseconds kHeldMax{300'000};  ///< by a source that gets on with nothing
  /// Between two blocks no more time than this counts towards kHeldMax: while nobody reads, nothing is stuck.
  static constexpr Milliseconds kStepCounts{2'000};

  struct Source {
    SourceReport report;                       ///< the last
    int64_t ended_ms = SourceReport::kNoTime;  ///< last at its end, on the running clock of ends; kNoTime: never
    int64_t moved_ms = 0;                      ///< it got on, was at its end or waited, on the running clock of holding
    bool operator==(const Source&) const = default;
  };

  /// `told_ms`: the broker's time of the block.
  void take(std::span<const SourceReport> reports, int64_t told_ms);

  [[nodiscard]] bool any() const { return !sources_.empty(); }
  /// The event time that follows; kNoTime while a source that holds it has none.
  [[nodiscard]] int64_t now_ms() const;
  /// Those that hold the clock no longer although they are not at their end.
  [[nodiscard]] size_t stuck() const;
  [[nodiscard]] bool is_stuck(const Source& source) const;
  /// No source that holds the clock has anything left to be read.
  [[nodiscard]] bool all_at_end() const;
  [[nodiscard]] std::span<const Source> sources() const { return sources_; }

  // --- for saving
  struct Running {
    int64_t ends_ms = 0, held_ms = 0, told_ms = SourceReport::kNoTime;
    bool operator==(const Running&) const = default;
  };
  [[nodiscard]] const Running& running() const { return running_; }
  static SourceTimes restored(const Running& running, std::vector<Source> sources);

  bool operator==(const SourceTimes&) const = default;

 private:
  void pass(int64_t told_ms);
  Source* find(const SourceReport& report);
  [[nodiscard]] bool end_counts(const Source& source) const;
  [[nodiscard]] int64_t foremost_ms() const;

  Running running_;
  std::vector<Source> sources_;  // by topic and partition
};

}  // namespace weir
