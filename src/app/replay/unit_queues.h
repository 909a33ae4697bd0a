#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "app/replay/judged_unit.h"
#include "base/result.h"

namespace weir {

/// Between the threads that judge and the one that scores: a bounded queue of units for each range. Whoever judges a range goes on with
/// another one while its queue is full, so that the order of the records holds up nobody for ever. Any thread.
class UnitQueues {
 public:
  using Unit = std::unique_ptr<JudgedUnit>;
  /// So many units wait at most in all queues together, but at least one in each.
  static constexpr size_t kUnitsMax = 256;

  UnitQueues(size_t ranges, size_t judgements);

  // --- for those who judge
  [[nodiscard]] bool has_room(uint32_t range) const;
  /// Until some queue has become shorter, or the time has passed.
  void wait_for_room(std::chrono::milliseconds time);
  /// An empty unit; its buffers may have been used before.
  Unit obtain();
  void push(Unit unit);
  /// Nothing more comes of this range.
  void finish(uint32_t range);
  /// Ends everything; the first error counts.
  void fail(const Error& error);
  [[nodiscard]] bool is_stopped() const;

  // --- for the one who scores
  /// The range's next unit, waiting for it; nothing at its end, or when stopped. `waiting` is called now and then meanwhile.
  Unit next(uint32_t range, const std::function<void()>& waiting);
  void give_back(std::vector<Unit>& units);
  void stop();
  [[nodiscard]] Status failure() const;

 private:
  struct Queue {
    std::deque<Unit> units;
    bool is_finished = false;
  };

  const size_t judgements_;
  const size_t units_max_;  // of a queue
  mutable std::mutex mutex_;
  std::condition_variable came_, went_;
  // guarded by mutex_:
  std::vector<Queue> queues_;
  std::vector<Unit> free_;
  bool is_stopped_ = false;
  Status failure_;
};

}  // namespace weir
