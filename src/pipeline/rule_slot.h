#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "detect/rule_set.h"
#include "pipeline/reading.h"
#include "policy/policy.h"

namespace weir {

/// What records are judged by: a rule set, the policy compiled with it (null: none), and how they are read (null: as whoever judges
/// them was told).
struct Judgement {
  // Implicit: whoever has no policy just gives the rules.
  Judgement(std::shared_ptr<const RuleSet> rules_in = nullptr, std::shared_ptr<const Policy> policy_in = nullptr,
            std::shared_ptr<const SourceReadings> readings_in = nullptr)
      : rules(std::move(rules_in)), policy(std::move(policy_in)), readings(std::move(readings_in)) {}

  std::shared_ptr<const RuleSet> rules;
  std::shared_ptr<const Policy> policy;
  std::shared_ptr<const SourceReadings> readings;
};

/// Where the lanes find the judgement in force. A reload stores a new one, all of it at once; each lane notices between two
/// batches, so every record is judged by one whole rule set and the policy that belongs to it. One thread stores.
class RuleSlot {
 public:
  explicit RuleSlot(std::shared_ptr<const RuleSet> rules, std::shared_ptr<const Policy> policy = nullptr,
                    std::shared_ptr<const SourceReadings> readings = nullptr)
      : in_force_(std::make_shared<const Judgement>(std::move(rules), std::move(policy), std::move(readings))) {}

  /// Replaces all. The rule set should have been compiled for the policy's levels (RuleSetOptions::other_levels).
  void store(Judgement judgement) {
    in_force_.store(std::make_shared<const Judgement>(std::move(judgement)));
    generation_.fetch_add(1, std::memory_order_release);
  }
  /// Replaces the rule set and the policy.
  void store(std::shared_ptr<const RuleSet> rules, std::shared_ptr<const Policy> policy) {
    store(Judgement(std::move(rules), std::move(policy), in_force()->readings));
  }
  /// Replaces the rule set and keeps the policy.
  void store(std::shared_ptr<const RuleSet> rules) { store(std::move(rules), load_policy()); }

  [[nodiscard]] std::shared_ptr<const Judgement> in_force() const { return in_force_.load(); }
  [[nodiscard]] std::shared_ptr<const RuleSet> load() const { return in_force()->rules; }
  [[nodiscard]] std::shared_ptr<const Policy> load_policy() const { return in_force()->policy; }
  /// Changes with every store: one relaxed-cost check a batch instead of a reference-count round trip.
  [[nodiscard]] uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::shared_ptr<const Judgement>> in_force_;
  std::atomic<uint64_t> generation_{0};
};

}  // namespace weir
