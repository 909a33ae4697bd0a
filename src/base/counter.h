#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace weir {

/// A counter that one thread writes and any thread reads: an ordinary add for the writer (no locked instruction), summed
/// over the lanes at scrape time.
class Counter {
 public:
  void add(uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A value of either sign that one thread writes and any thread reads; nothing before the first.
class SignedGauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::optional<int64_t> value() const {
    const int64_t value = value_.load(std::memory_order_relaxed);
    return value == kNone ? std::nullopt : std::optional(value);
  }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();
  std::atomic<int64_t> value_{kNone};
};

/// A histogram with fixed upper bounds (the last bucket is unbounded), with the threading of Counter.
template <size_t N>
class Histogram {
 public:
  explicit constexpr Histogram(const std::array<double, N>& upper_bounds) : upper_bounds_(upper_bounds) {}

  /// Counts `times` observations of the same value; sums are kept in millionths of the unit.
  void observe(double value, uint64_t times = 1) {
    size_t bucket = 0;
    while (bucket < N && value > upper_bounds_[bucket])
      ++bucket;
    counts_[bucket].add(times);
    sum_millionths_.add(static_cast<uint64_t>(value * 1e6 * static_cast<double>(times)));
  }

  [[nodiscard]] const std::array<double, N>& upper_bounds() const { return upper_bounds_; }
  [[nodiscard]] uint64_t count(size_t bucket) const { return counts_[bucket].value(); }
  [[nodiscard]] double sum() const { return static_cast<double>(sum_millionths_.value()) / 1e6; }

 private:
  std::array<double, N> upper_bounds_;
  std::array<Counter, N + 1> counts_;
  Counter sum_millionths_;
};

}  // namespace weir
