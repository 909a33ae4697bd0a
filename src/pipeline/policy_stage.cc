#include "pipeline/policy_stage.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weir {
namespace {

uint32_t index_of(const RuleSet& rules, std::string_view id) {
  const auto& all = rules.rules();
  const auto found = std::find_if(all.begin(), all.end(), [&](const RuleInfo& rule) { return rule.id == id; });
  return found == all.end() ? RuleExclusion::kEveryRule : static_cast<uint32_t>(found - all.begin());
}

}  // namespace

void PolicyFindings::clear() {
  route = 0;
  violations.clear();
  excluded.clear();
  response_faults = 0;
}

void PolicyStage::use(std::shared_ptr<const Policy> policy, const RuleSet& rules) {
  policy_ = std::move(policy);
  threshold_ = rules.options().threshold;
  rules_of_.clear();
  if (!active()) return;
  for (const ExclusionSpec& exclusion : policy_->spec().exclusions) {
    auto& indices = rules_of_.emplace_back();
    for (const std::string& id : exclusion.rules) {
      const uint32_t index = id == "*" ? RuleExclusion::kEveryRule : index_of(rules, id);
      if (index != RuleExclusion::kEveryRule || id == "*") indices.push_back(index);
    }
  }
}

const MatchPolicy& PolicyStage::prepare(const Event& event, const DecodedRecord& record, const RecordFacts& facts,
                                        PolicyFindings& findings) {
  findings.clear();
  findings.route = policy_->route_of(event, path_);
  const Route& route = policy_->routes()[findings.route];
  applied_.clear();
  exclusions_.clear();
  sources_.clear();
  match_policy_ = MatchPolicy{};
  match_policy_.level = route.level;
  if (route.has_levels) {
    find_line_levels(route, record, line_levels_);
    match_policy_.line_levels = line_levels_;
  }
  if (route.exclusions.empty()) return match_policy_;
  find_exclusions(*policy_, route, record, facts, applied_);
  for (const AppliedExclusion& applied : applied_) {
    for (const uint32_t rule : rules_of_[applied.exclusion]) {
      if (exclusions_.size() == kRuleExclusionsMax) break;
      const bool whole = applied.line == AppliedExclusion::kWholeRecord;
      exclusions_.push_back({rule, whole ? RuleExclusion::kWholeRecord : applied.line});
      sources_.push_back(applied.exclusion);
    }
  }
  match_policy_.exclusions = exclusions_;
  return match_policy_;
}

void PolicyStage::judge(const Event& event, const DecodedRecord& record, const RecordFacts& facts, Detection& detection,
                        PolicyFindings& findings) {
  for (const ExcludedHit& excluded : detection.excluded)
    policy_->use().count_exclusion(exclusion_of(excluded), facts.time);
  const Route& route = policy_->routes()[findings.route];
  check_.check(route, event, record, facts.client_id, path_, findings.violations);
  if (!findings.violations.empty()) {
    take_out_excluded(facts, findings);
    add_to_score(findings, detection);
  }
  if (route.response_headers && !event.response_headers.empty()) {
    findings.response_faults = check_response(event);
    policy_->use().count_response(findings.route, findings.response_faults);
  }
}

void PolicyStage::take_out_excluded(const RecordFacts& facts, PolicyFindings& findings) {
  const Route& route = policy_->routes()[findings.route];
  const auto& exclusions = policy_->spec().exclusions;
  const auto is_excluded = [&](const Violation& violation) {
    for (const uint32_t index : route.exclusions) {
      if (!holds(exclusions[index], facts) || !excludes(exclusions[index], violation)) continue;
      findings.excluded.push_back({violation, index});
      policy_->use().count_exclusion(index, facts.time);
      return true;
    }
    return false;
  };
  std::erase_if(findings.violations, is_excluded);
}

// Each rule counts once, however many parameters are wrong, as it is with the rules of the matcher.
void PolicyStage::add_to_score(const PolicyFindings& findings, Detection& detection) const {
  std::array<bool, kPolicyRules> counted{};
  int points = 0;
  bool is_alert = false;
  for (const Violation& violation : findings.violations) {
    if (std::exchange(counted[static_cast<size_t>(violation.rule)], true)) continue;
    const int weight = policy_->weight_of(violation.rule);
    points += weight;
    is_alert = is_alert || (info_of(violation.rule).is_alert && weight > 0);
  }
  if (points == 0) return;
  detection.score += std::min(points, kPolicyScoreMax);
  if (is_alert) detection.score = std::max(detection.score, threshold_);
  detection.categories = static_cast<CategoryMask>(detection.categories | mask_of(Category::kOther));
  if (!detection.scan_failed) detection.malicious = detection.score >= threshold_;
}

std::vector<std::string> unknown_rules(const Policy& policy, const RuleSet& rules) {
  std::vector<std::string> unknown;
  for (const ExclusionSpec& exclusion : policy.spec().exclusions) {
    for (const std::string& id : exclusion.rules) {
      if (id == "*" || policy_rule_from(id) || index_of(rules, id) != RuleExclusion::kEveryRule) continue;
      unknown.push_back(exclusion.at.file + ":" + std::to_string(exclusion.at.line) +
                        ": warning: no rule has the id '" + id + "': this exclusion does nothing for it");
    }
  }
  return unknown;
}

}  // namespace weir
