#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/time.h"
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

  explicit SourceBoard(Milliseconds ahead_max) : ahead_max_(ahead_max) {}

  /// A detect lane of this process; its sources' next times (of one that is held back: of the record that waits).
  void report(size_t lane, std::span<const SourceReport> sources, Clock::time_point now);
  /// The lane reads none of its sources any more.
  void leave(size_t lane, Clock::time_point now);
  /// A block told a score lane of this process, or the topic's metadata. Of sources that a lane of this process reads, the board knows
  /// better.
  void hear(std::span<const SourceReport> sources, Clock::time_point now);

  /// No record later than this may be handed on now. Nothing: no bound, every source is at its end.
  [[nodiscard]] std::optional<int64_t> limit_ms(Clock::time_point now) const;

 private:
  static constexpr size_t kOthers = SIZE_MAX;
  struct Entry {
    SourceReport report;
    size_t lane = kOthers;
    std::optional<Clock::time_point> ended{};  // last at its end
    Clock::time_point moved{};
    bool is_left = false;  // by a lane of this process, and nobody has told of it since
  };
  using Key = std::pair<uint16_t, int32_t>;

  void put(const SourceReport& report, size_t lane, Clock::time_point now);
  void forget_ends();

  const Milliseconds ahead_max_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;  // guarded by mutex_, like the next
  int64_t foremost_ms_ = SourceReport::kNoTime;
};

}  // namespace weir
