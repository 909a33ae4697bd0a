#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "detect/match/matcher.h"
#include "policy/exclusions.h"
#include "policy/policy.h"
#include "policy/request_check.h"
#include "policy/response_check.h"

namespace weir {

/// What the policy says about one record. The violations borrow from the record's event and decoded text.
struct PolicyFindings {
  /// A violation and the exclusion that took it away, an index into PolicySpec::exclusions.
  struct Excluded {
    Violation violation;
    uint32_t exclusion = 0;
  };
  uint32_t route = 0;  ///< into Policy::routes()
  std::vector<Violation> violations;
  std::vector<Excluded> excluded;
  ResponseFaults response_faults = 0;

  void clear();
};

/// The policy's part in judging a record: before matching it says at which levels and without which rules, after it it adds
/// its violations to the verdict. One per lane. Without a policy both do nothing.
class PolicyStage {
 public:
  /// Takes a policy (or none) into use with the rule set it is matched with; between batches only.
  void use(std::shared_ptr<const Policy> policy, const RuleSet& rules);

  [[nodiscard]] bool active() const { return policy_ != nullptr; }
  [[nodiscard]] const Policy& policy() const { return *policy_; }

  /// Finds the route and makes the matcher's policy, which is valid until the next call. Only while active().
  const MatchPolicy& prepare(const Event& event, const DecodedRecord& record, const RecordFacts& facts,
                             PolicyFindings& findings);

  /// Checks the record and adds what is found to the detection's score. Counts the exclusions used, those of the matcher
  /// included. Directly after prepare() and the match.
  void judge(const Event& event, const DecodedRecord& record, const RecordFacts& facts, Detection& detection,
             PolicyFindings& findings);

  /// The exclusion behind an entry of Detection::excluded: an index into PolicySpec::exclusions.
  [[nodiscard]] uint32_t exclusion_of(const ExcludedHit& hit) const { return sources_[hit.exclusion]; }

 private:
  /// Of rule exclusions of one record; further ones are left out, which can only lead to more hits.
  static constexpr size_t kRuleExclusionsMax = 16'384;

  void take_out_excluded(const RecordFacts& facts, PolicyFindings& findings);
  void add_to_score(const PolicyFindings& findings, Detection& detection) const;

  std::shared_ptr<const Policy> policy_;
  int threshold_ = 0;
  /// Per exclusion of the policy: the rules, as indices into the rule set.
  std::vector<std::vector<uint32_t>> rules_of_;
  RequestPath path_;
  RequestCheck check_;
  MatchPolicy match_policy_;
  std::vector<SecurityLevel> line_levels_;
  std::vector<AppliedExclusion> applied_;
  std::vector<RuleExclusion> exclusions_;
  std::vector<uint32_t> sources_;  ///< per entry of exclusions_
};

/// Rule ids that exclusions name and neither the rule set nor the policy has: "file:line: …", for a warning.
std::vector<std::string> unknown_rules(const Policy& policy, const RuleSet& rules);

}  // namespace weir
