#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace weir {

/// Fills `order_ms` with what the records of a unit are put in order by: the broker's time of each, but of one whose producer had a
/// wrong clock that of its neighbours (the median of seven). `append_ms`: in the order of the offsets; kNoTime: not known.
void order_by_time(std::span<const int64_t> append_ms, std::vector<int64_t>& order_ms);

inline constexpr int64_t kNoAppendTime = INT64_MAX;

/// Puts the records of several ranges in one order, which depends on the records alone: each range in its own order, and of their next
/// records the one with the least time first, of equals that of the first range.
class RecordOrder {
 public:
  struct Head {
    int64_t order_ms = 0;
    uint32_t range = 0;
  };

  [[nodiscard]] bool empty() const { return heads_.empty(); }
  /// The range whose next record is due.
  [[nodiscard]] uint32_t due() const { return heads_.front().range; }
  /// How many of these records of the range that is due stand before the next of every other range; at least one.
  [[nodiscard]] size_t run_of(std::span<const int64_t> order_ms) const;
  void add(Head head);
  /// Takes out the range that is due.
  void remove_due();

 private:
  std::vector<Head> heads_;  // a heap
};

}  // namespace weir
