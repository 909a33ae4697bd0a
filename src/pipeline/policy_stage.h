#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "detect/match/detection.h"
#include "detect/match/match_policy.h"
#include "detect/rule_set.h"
#include "policy/exclusions.h"
#include "policy/policy.h"
#include "policy/request_check.h"
#include "policy/response_check.h"

namespace weir {

/// What the policy says about one record: first how it is to be matched, then what is wrong with it. The violations borrow from
/// the record's event and decoded text, and `matching` from this.
struct PolicyFindings {
  /// A violation and the exclusion that took it away, an index into PolicySpec::exclusions.
  struct Excluded {
    Violation violation;
    uint32_t exclusion = 0;
  };

  // By prepare().
  uint32_t route = 0;  ///< into Policy::routes()
  MatchPolicy matching;
  size_t exclusions_left_out = 0;  ///< beyond what one record may have; they might have taken hits away

  // By judge().
  std::vector<Violation> violations;
  bool violations_left_out = false;  ///< more than one record may have
  std::vector<Excluded> excluded;
  ResponseFaults response_faults = 0;

  /// The exclusion behind an entry of Detection::excluded: an index into PolicySpec::exclusions.
  [[nodiscard]] uint32_t exclusion_of(const ExcludedHit& hit) const { return rule_exclusion_sources[hit.exclusion]; }

  // What `matching` borrows.
  std::unique_ptr<RequestPath> path;  ///< made when a policy first needs it: it is large and must not move
  std::vector<SecurityLevel> line_levels;
  std::vector<RuleExclusion> rule_exclusions;
  std::vector<uint32_t> rule_exclusion_sources;  ///< per entry: an index into PolicySpec::exclusions

  void clear();
};

/// The policy's part in judging a record: before matching it says at which levels and without which rules, after it it adds
/// its violations to the verdict. Without a policy the first says the rule set's own level, and the second nothing.
/// Made for one rule set and policy; one per lane.
class PolicyStage {
 public:
  PolicyStage(std::shared_ptr<const Policy> policy, const RuleSet& rules);

  /// Null without one.
  [[nodiscard]] const Policy* policy() const { return policy_.get(); }

  /// Clears the findings, finds the route, and says how the record is to be matched. Allocates only while buffers grow.
  void prepare(const Event& event, const DecodedRecord& record, const RecordFacts& facts, PolicyFindings& findings);

  /// Checks the record and adds what is found to the detection's score. Counts the exclusions used, those of the matcher
  /// included. After prepare() and the match.
  void judge(const Event& event, const DecodedRecord& record, const RecordFacts& facts, Detection& detection,
             PolicyFindings& findings);

 private:
  /// So many rule exclusions of one record are kept; further ones are left out, which can only lead to more hits.
  static constexpr size_t kRuleExclusionsMax = 16'384;

  void find_rule_exclusions(const Route& route, const DecodedRecord& record, const RecordFacts& facts,
                            PolicyFindings& findings);
  void take_out_excluded(const RecordFacts& facts, PolicyFindings& findings);
  void add_to_score(const PolicyFindings& findings, Detection& detection) const;

  std::shared_ptr<const Policy> policy_;
  int threshold_ = 0;
  SecurityLevel own_level_;
  /// Per exclusion of the policy: the rules, as indices into the rule set.
  std::vector<std::vector<uint32_t>> rules_of_;
  RequestCheck check_;
  std::vector<AppliedExclusion> applied_;
};

/// Rule ids that exclusions name and neither the rule set nor the policy has: "file:line: …", for a warning.
std::vector<std::string> unknown_rules(const Policy& policy, const RuleSet& rules);

}  // namespace weir
