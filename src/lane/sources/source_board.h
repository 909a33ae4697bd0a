#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/time.h"
#include "lane/record_source.h"
#include "score/source_times.h"

namespace weir {

/// Where all sources of the input stand, as far as this process knows: from its own detect lanes, and from what the blocks of other
/// processes tell its score lanes. Lanes ask it how far ahead they may read (docs/adr/0029-watermarks.md). Shared by the lanes of a
/// process; looked at once a batch.
class SourceBoard {
 public:
  using Clock = std::chrono::steady_clock;

  /// A source that was not read yet, or of which nobody tells since a lane of this process left it, may be anywhere: so long the
  /// others wait for it.
  static constexpr Milliseconds kUnreadHolds{30'000};

  /// After a question so long without an answer another may be asked.
  static constexpr Milliseconds kQuestionMax{5'000};

  explicit SourceBoard(Milliseconds ahead_max) : ahead_max_(ahead_max) {}

  /// What a lane says of a source that it reads.
  struct Own {
    SourceReport report;  ///< its time is the next (of one that is held back: of the record that waits)
    int64_t read_to = PartitionOffset::kUnknown;  ///< everything below was handed out
    int64_t asked_end =
        PartitionOffset::kUnknown;  ///< filled in: where the brokers said last that it ends; kUnknown: never
  };
  /// What lanes may do until they ask again.
  struct Bounds {
    std::optional<int64_t>
        limit_ms;  ///< no record later than this may be handed on now; nothing: every source is at its end
    /// Before an old record later than this is handed on, the brokers are to be asked where all sources end; unless it lies below the
    /// end of its own that they told last.
    int64_t ask_beyond_ms = SourceReport::kNoTime;
  };

  [[nodiscard]] Milliseconds ahead_max() const { return ahead_max_; }

  /// A detect lane of this process. Takes back that a source is at its end where the brokers are being asked, or told otherwise.
  void report(size_t lane, std::span<Own> sources, Clock::time_point now);
  /// The lane reads none of its sources any more.
  void leave(size_t lane, Clock::time_point now);
  /// A block told a score lane of this process, or the topic's metadata. Of sources that a lane of this process reads, the board knows
  /// better.
  void hear(std::span<const SourceReport> sources, Clock::time_point now);

  [[nodiscard]] Bounds bounds(Clock::time_point now) const;

  /// A lane is about to hand on an old record of this time: until answer() no source of this process counts as at its end. Returns
  /// those of which the lane is to ask; none: somebody asks already.
  std::vector<PartitionOffset> begin_question(size_t lane, int64_t time_ms, Clock::time_point now);
  /// Where they end; kUnknown where the brokers do not say: then what was known holds.
  void answer(std::span<const PartitionOffset> ends);

 private:
  static constexpr size_t kOthers = SIZE_MAX;
  struct Entry {
    SourceReport report;
    size_t lane = kOthers;
    std::optional<Clock::time_point> ended{};  // last at its end
    Clock::time_point moved{};
    int64_t read_to = PartitionOffset::kUnknown;
    int64_t asked_end = PartitionOffset::kUnknown;
    bool is_left = false;  // by a lane of this process, and nobody has told of it since
  };
  using Key = std::pair<uint16_t, int32_t>;

  void put(const SourceReport& report, size_t lane, Clock::time_point now);
  void forget_ends();
  [[nodiscard]] bool is_asking(Clock::time_point now) const;
  [[nodiscard]] std::optional<int64_t> limit_ms(Clock::time_point now) const;

  const Milliseconds ahead_max_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;  // guarded by mutex_, like the next
  int64_t foremost_ms_ = SourceReport::kNoTime;
  // The question for the ends of this process's sources.
  std::optional<size_t> asking_lane_;
  Clock::time_point asked_{};
  int64_t checked_ms_ = SourceReport::kNoTime;  // of the record before which it was asked last
};

}  // namespace weir
