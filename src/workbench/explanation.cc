#include "workbench/explanation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weir {
namespace {

std::vector<Explanation::CategoryPoints> points_by_category(const Detection& detection, const RuleSet& rules) {
  std::array<int, static_cast<size_t>(Category::kCount)> sums{};
  for (const Hit& hit : detection.hits)
    sums[static_cast<size_t>(rules.rules()[hit.rule].category)] += rules.rules()[hit.rule].weight;
  std::vector<Explanation::CategoryPoints> points;
  for (size_t i = 0; i < sums.size(); ++i)
    if (sums[i] != 0)
      points.push_back({static_cast<Category>(i), sums[i], std::min(sums[i], Detection::kCategoryScoreMax)});
  return points;
}

int points_of(const Policy* policy, const PolicyFindings& findings) {
  std::array<bool, kPolicyRules> counted{};
  int points = 0;
  for (const Violation& violation : findings.violations)
    if (!std::exchange(counted[static_cast<size_t>(violation.rule)], true)) points += policy->weight_of(violation.rule);
  return std::min(points, kPolicyScoreMax);
}

}  // namespace

Result<Explanation> explain_record(const JudgeOptions& options, Judgement in_force, std::string_view record) {
  auto judge = RecordJudge::create(options, std::move(in_force));
  if (!judge) return tl::unexpected<Error>(judge.error());
  Explanation made{std::move(*judge), {}, {}, {}, 0};
  const ParseOutcome outcome = made.judge.judge_alone(record, made.arena, made.record);
  if (!outcome.ok())
    return fail(ErrorCode::kParse, "input",
                std::string(to_string(outcome.reason)) + (outcome.detail.empty() ? "" : ": " + outcome.detail));
  made.categories = points_by_category(made.record.detection, made.judge.rules());
  made.policy_points = points_of(made.judge.policy(), made.record.policy);
  return made;
}

}  // namespace weir
