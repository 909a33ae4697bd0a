#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "base/time.h"
#include "score/source_times.h"

namespace weir {

/// The partition's event time. Where blocks say how far their sources have come, it is that of the slowest source
/// (SourceTimes), and observations do not move it. Otherwise: the greatest that two observations have reached, in bounded steps, so that one wrong time far
/// ahead ends and forgets nothing. What a record adds for its address often stands in the same partition with the same time and
/// must not confirm it: such observations are compared among themselves. All chunks of the state share the clock; each saved
/// chunk holds it.
class PartitionClock {
 public:
  static constexpr int64_t kUnset = std::numeric_limits<int64_t>::min();
  /// So far before the first observation the clock begins while a source has told no time yet.
  static constexpr Milliseconds kUntold{std::chrono::days{7}};
  enum class Of : uint8_t { kRecord, kAddress };

  void advance(int64_t time_ms, Of of = Of::kRecord) {
    if (observations_++ == 0 && now_ms_ == kUnset) now_ms_ = first_time(time_ms);
    if (sources_.any()) return;
    int64_t& greatest = of == Of::kRecord ? greatest_ms_ : greatest_of_addresses_ms_;
    const int64_t reached_twice = std::min(time_ms, greatest);  // kUnset before the first of them
    greatest = std::max(greatest, time_ms);
    if (reached_twice > now_ms_) now_ms_ = reached_twice - now_ms_ > kStepMax ? now_ms_ + kStepMax : reached_twice;
  }
  /// What a block says of its sources, before its observations; with the broker's time of the block.
  void take(std::span<const SourceReport> reports, int64_t told_ms) { sources_.take(reports, told_ms); }
  /// After the block's observations: so far its sources have come with them.
  void follow() {
    if (sources_.any()) now_ms_ = std::max(now_ms_, sources_.now_ms());
  }
  /// The clock goes by the sources.
  [[nodiscard]] bool follows_sources() const { return sources_.any(); }
  [[nodiscard]] const SourceTimes& sources() const { return sources_; }
  void restore_sources(SourceTimes sources, int64_t now_ms) {
    sources_ = std::move(sources);
    now_ms_ = now_ms;
  }
  /// Nothing was seen yet.
  [[nodiscard]] bool is_new() const { return observations_ == 0 && !sources_.any(); }

  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  /// Of either kind; kUnset before its first.
  [[nodiscard]] int64_t greatest_ms() const { return greatest_ms_; }
  [[nodiscard]] int64_t greatest_of_addresses_ms() const { return greatest_of_addresses_ms_; }
  /// How many observations the partition has had; what comes in turns (expiry) goes by it.
  [[nodiscard]] uint64_t observations() const { return observations_; }

  static PartitionClock restored(uint64_t observations, int64_t now_ms, int64_t greatest_ms,
                                 int64_t greatest_of_addresses_ms = kUnset) {
    PartitionClock clock;
    clock.observations_ = observations;
    clock.now_ms_ = now_ms;
    clock.greatest_ms_ = greatest_ms;
    clock.greatest_of_addresses_ms_ = greatest_of_addresses_ms;
    return clock;
  }
  bool operator==(const PartitionClock&) const = default;

 private:
  /// The foremost of several sources must not be what the clock begins with. While one of them has told no time yet, it may begin as
  /// long ago as logs are usually kept.
  [[nodiscard]] int64_t first_time(int64_t time_ms) const {
    if (!sources_.any()) return time_ms;
    const int64_t told = sources_.now_ms();
    return told == SourceReport::kNoTime ? time_ms - kUntold.count() : std::min(time_ms, told);
  }

  static constexpr int64_t kStepMax = Milliseconds{600'000}.count();
  uint64_t observations_ = 0;
  int64_t now_ms_ = kUnset;
  int64_t greatest_ms_ = kUnset;
  int64_t greatest_of_addresses_ms_ = kUnset;
  SourceTimes sources_;
};

}  // namespace weir
