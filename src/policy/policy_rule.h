#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rules/category.h"

namespace weir {

/// What a policy can find fault with. Each is a rule like those of rules/, with an id that stands in verdicts and alerts.
enum class PolicyRule : uint8_t {
  kUrlLength,
  kRequestSize,
  kContentType,
  kMethod,
  kParameterType,
  kParameterMissing,
  kParameterUnknown,
  kAdmin,
  kCsrf,
  kCount
};
constexpr size_t kPolicyRules = static_cast<size_t>(PolicyRule::kCount);

struct PolicyRuleInfo {
  std::string_view id;      ///< stable: "weir-policy-url-length"
  std::string_view option;  ///< its key below policy.weights
  std::string_view title;
  Level level = Level::kLow;
  int weight = 0;         ///< default points towards the request score
  bool is_alert = false;  ///< makes the record malicious whatever the score
};

const PolicyRuleInfo& info_of(PolicyRule rule);
std::optional<PolicyRule> policy_rule_from(std::string_view id);
std::array<int, kPolicyRules> default_policy_weights();

/// What violations of one record can add to its score at most, like the cap of a category of rules.
constexpr int kPolicyScoreMax = 30;

}  // namespace weir
