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
  matching = MatchPolicy{};
  exclusions_left_out = 0;
  violations.clear();
  violations_left_out = false;
  excluded.clear();
  response_faults = 0;
  rule_exclusions.clear();
  rule_exclusion_sources.clear();
}

PolicyStage::PolicyStage(std::shared_ptr<const Policy> policy, const RuleSet& rules)
    : policy_(std::move(policy)), threshold_(rules.options().threshold), own_level_(rules.options().security_level) {
  if (policy_ == nullptr) return;
  for (const ExclusionSpec& exclusion : policy_->spec().exclusions) {
    auto& indices = rules_of_.emplace_back();
    for (const std::string& id : exclusion.rules) {
      const uint32_t index = id == "*" ? RuleExclusion::kEveryRule : index_of(rules, id);
      if (index != RuleExclusion::kEveryRule || id == "*") indices.push_back(index);
    }
  }
}

void PolicyStage::prepare(const Event& event, const DecodedRecord& record, const RecordFacts& facts,
                          PolicyFindings& findings) {
  findings.clear();
  findings.matching.level = own_level_;
  if (policy_ == nullptr) return;
  if (findings.path == nullptr) findings.path = std::make_unique<RequestPath>();
  findings.route = policy_->route_of(event, *findings.path);
  const Route& route = policy_->routes()[findings.route];
  findings.matching.level = route.level;
  if (route.level_places != 0) {
    find_line_levels(route, record, findings.line_levels);
    findings.matching.line_levels = findings.line_levels;
  }
  if (!route.exclusions.empty()) find_rule_exclusions(route, record, facts, findings);
}

void PolicyStage::find_rule_exclusions(const Route& route, const DecodedRecord& record, const RecordFacts& facts,
                                       PolicyFindings& findings) {
  applied_.clear();
  findings.exclusions_left_out = find_exclusions(*policy_, route, record, facts, applied_);
  for (const AppliedExclusion& applied : applied_) {
    const bool whole = applied.line == AppliedExclusion::kWholeRecord;
    for (const uint32_t rule : rules_of_[applied.exclusion]) {
      if (findings.rule_exclusions.size() == kRuleExclusionsMax) {
        ++findings.exclusions_left_out;
        continue;
      }
      findings.rule_exclusions.push_back({rule, whole ? RuleExclusion::kWholeRecord : applied.line});
      findings.rule_exclusion_sources.push_back(applied.exclusion);
    }
  }
  findings.matching.exclusions = findings.rule_exclusions;
}

void PolicyStage::judge(const Event& event, const DecodedRecord& record, const RecordFacts& facts, Detection& detection,
                        PolicyFindings& findings) {
  if (policy_ == nullptr) return;
  for (const ExcludedHit& excluded : detection.excluded)
    policy_->use().count_exclusion(findings.exclusion_of(excluded), facts.time);
  const Route& route = policy_->routes()[findings.route];
  findings.violations_left_out = check_.check(route, event, record, facts.client_id, *findings.path,
                                              findings.violations) == RequestCheck::Outcome::kCut;
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
  const bool route_alerts = policy_->routes()[findings.route].alert != Level::kInformational;
  for (const Violation& violation : findings.violations) {
    if (std::exchange(counted[static_cast<size_t>(violation.rule)], true)) continue;
    const int weight = policy_->weight_of(violation.rule);
    points += weight;
    is_alert = is_alert || ((route_alerts || info_of(violation.rule).is_alert) && weight > 0);
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
