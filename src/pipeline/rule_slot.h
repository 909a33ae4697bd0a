#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "detect/rule_set.h"

namespace weir {

/// Where the lanes find the rule set in force. A reload stores a new one; each lane notices between two batches, so every
/// record is judged by one whole rule set.
class RuleSlot {
 public:
  explicit RuleSlot(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

  void store(std::shared_ptr<const RuleSet> rules) {
    rules_.store(std::move(rules));
    generation_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const RuleSet> load() const { return rules_.load(); }
  /// Changes with every store: one relaxed-cost check a batch instead of a reference-count round trip.
  [[nodiscard]] uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::shared_ptr<const RuleSet>> rules_;
  std::atomic<uint64_t> generation_{0};
};

}  // namespace weir
