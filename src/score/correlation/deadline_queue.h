#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "score/correlation/correlation_group.h"

namespace weir {

/// When groups want attention, in the order (time, chunk, sequence). Only what is due soon is kept in order: the rest lies in
/// buckets of a second, so that setting a deadline costs no search among all of them. Deadlines are never taken back: whoever
/// pops one checks whether it still holds, and has the others dropped when they have become many.
class DeadlineQueue {
 public:
  struct Deadline {
    int64_t time_ms = 0;
    uint64_t sequence = 0;  ///< of the group
    uint32_t chunk = 0;
    GroupSlot slot = kNoGroup;
    bool operator>(const Deadline& other) const {
      return std::tie(time_ms, chunk, sequence) > std::tie(other.time_ms, other.chunk, other.sequence);
    }
  };

  void push(const Deadline& deadline) {
    const int64_t number = deadline.time_ms >> kBucketBits;
    ++size_;
    if (number < first_bucket_) return soon_.push(deadline);
    std::vector<Deadline>& bucket = buckets_[number];
    if (bucket.empty()) order_.push(number);
    bucket.push_back(deadline);
  }

  /// Takes the first deadline at or before `time_ms` out. False if there is none.
  bool pop_due(int64_t time_ms, Deadline& due) {
    while (!order_.empty() && order_.top() <= time_ms >> kBucketBits)
      open_first_bucket();
    if (soon_.empty() || soon_.top().time_ms > time_ms) return false;
    due = soon_.top();
    soon_.pop();
    --size_;
    return true;
  }

  /// Keeps only the deadlines of which `holds` says so.
  template <typename Predicate>
  void keep_if(Predicate holds) {
    DeadlineQueue kept;
    kept.first_bucket_ = first_bucket_;
    for (; !soon_.empty(); soon_.pop())
      if (holds(soon_.top())) kept.push(soon_.top());
    for (const auto& [number, bucket] : buckets_)
      for (const Deadline& deadline : bucket)
        if (holds(deadline)) kept.push(deadline);
    *this = std::move(kept);
  }

  /// Those that hold no more included.
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr int kBucketBits = 10;  // 1,024 ms

  void open_first_bucket() {
    const int64_t number = order_.top();
    order_.pop();
    first_bucket_ = std::max(first_bucket_, number + 1);
    const auto bucket = buckets_.find(number);
    for (const Deadline& deadline : bucket->second)
      soon_.push(deadline);
    buckets_.erase(bucket);
  }

  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> soon_;
  absl::flat_hash_map<int64_t, std::vector<Deadline>> buckets_;               // none is empty
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> order_;  // their numbers
  int64_t first_bucket_ = std::numeric_limits<int64_t>::min();                // those before it stand in soon_
  size_t size_ = 0;
};

}  // namespace weir
