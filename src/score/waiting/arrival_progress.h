#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/binary_format.h"
#include "score/partition_clock.h"

namespace weir {

/// How far what has arrived lets those observations be scored that wait for their turn: up to `disorder` behind the clock, and up to what
/// had arrived `disorder` ago, by the broker's time, if every source was at its end meanwhile. (The clock hardly moves where
/// little is logged, and stands where nothing is.) A part of the partition's state, and a pure function of what blocks hold and say.
class ArrivalProgress {
 public:
  /// An observation or event has come, be its chunk there or not.
  void take(int64_t time_ms) { greatest_ms_ = std::max(greatest_ms_, time_ms); }
  /// After a block, when `clock` has taken in what it says. What is from before the time given has its turn; kUnset: nothing has.
  int64_t follow(const PartitionClock& clock, Milliseconds disorder);

  void write(BinaryWriter& out) const;
  /// False if the bytes are not of write().
  bool read(BinaryReader& in);

  bool operator==(const ArrivalProgress&) const = default;

 private:
  static constexpr int64_t kSteps = 8;  // of the disorder: so finely is told apart when what arrived

  /// What had arrived when so many steps were over.
  struct Arrived {
    int64_t steps = 0;
    int64_t greatest_ms = PartitionClock::kUnset;
    bool operator==(const Arrived&) const = default;
  };

  int64_t greatest_ms_ = PartitionClock::kUnset;  // of all that came
  int64_t ends_ms_ = 0;                           // the running clock of ends, as last seen
  int64_t at_ends_ms_ = 0;                        // how much of it passed with all sources at their ends
  bool was_at_ends_ = false;
  std::vector<Arrived> arrived_;  // ascending; those that can still matter
};

}  // namespace weir
