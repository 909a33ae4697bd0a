#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/category.h"

namespace weir {

/// Counts attacks by a key, in bounded memory: when there are too many keys, those with the fewest are forgotten, so that the
/// frequent ones stay and a rare one may be counted too low (the idea of lossy counting, Manku and Motwani 2002).
class TopCounts {
 public:
  struct Entry {
    std::string key;
    uint64_t count = 0;
    CategoryMask categories = 0;
    int worst_score = 0;
  };

  /// Keeps between `keys` and twice as many.
  explicit TopCounts(size_t keys) : keys_(keys) {}

  void add(std::string_view key, CategoryMask categories, int score);

  /// The most frequent, of equals the first by name.
  [[nodiscard]] std::vector<Entry> top(size_t count) const;

  /// No key was forgotten.
  [[nodiscard]] bool is_exact() const { return !forgot_; }
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  static constexpr size_t kKeyBytesMax = 256;
  void forget_rare();

  size_t keys_;
  bool forgot_ = false;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace weir
