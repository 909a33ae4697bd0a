#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "detect/rule_set.h"
#include "policy/policy.h"

namespace weir {

/// What records are judged by: a rule set, and the policy compiled with it (null: none).
struct Judgement {
  // Implicit: whoever has no policy just gives the rules.
  Judgement(std::shared_ptr<const RuleSet> rules_in = nullptr, std::shared_ptr<const Policy> policy_in = nullptr)
      : rules(std::move(rules_in)), policy(std::move(policy_in)) {}

  std::shared_ptr<const RuleSet> rules;
  std::shared_ptr<const Policy> policy;
};

/// Where the lanes find the rule set and the policy in force. A reload stores new ones, both at once; each lane notices
/// between two batches, so every record is judged by one whole rule set and the policy that belongs to it. One thread stores.
class RuleSlot {
 public:
  explicit RuleSlot(std::shared_ptr<const RuleSet> rules, std::shared_ptr<const Policy> policy = nullptr)
      : in_force_(std::make_shared<const Judgement>(Judgement{std::move(rules), std::move(policy)})) {}

  /// Replaces both. The rule set should have been compiled for the policy's levels (RuleSetOptions::other_levels).
  void store(std::shared_ptr<const RuleSet> rules, std::shared_ptr<const Policy> policy) {
    in_force_.store(std::make_shared<const Judgement>(Judgement{std::move(rules), std::move(policy)}));
    generation_.fetch_add(1, std::memory_order_release);
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
