#include "policy/policy_rule.h"

namespace weir {
namespace {

// One violation alone stays below the default threshold of 10, two of them or one beside a rule hit reach it: a log rarely
// tells a careless client from a hostile one. Values that no honest client sends to a typed parameter weigh more.
constexpr std::array<PolicyRuleInfo, kPolicyRules> kRules{{
    {"weir-policy-url-length", "url_length", "Policy: URL too long", Level::kLow, 4, false},
    {"weir-policy-request-size", "request_size", "Policy: request too large", Level::kLow, 4, false},
    {"weir-policy-content-type", "content_type", "Policy: content type not allowed", Level::kLow, 4, false},
    {"weir-policy-method", "method", "Policy: method not allowed", Level::kLow, 4, false},
    {"weir-policy-parameter-type", "parameter_type", "Policy: parameter of the wrong form", Level::kMedium, 6, false},
    {"weir-policy-parameter-missing", "parameter_missing", "Policy: required parameter missing", Level::kLow, 2, false},
    {"weir-policy-parameter-unknown", "parameter_unknown", "Policy: unknown parameter", Level::kLow, 4, false},
    {"weir-policy-admin", "admin", "Policy: admin route from outside the allow-list", Level::kHigh, 10, true},
    {"weir-policy-csrf", "csrf", "Policy: cross-site request forgery suspected", Level::kMedium, 6, false},
}};

}  // namespace

const PolicyRuleInfo& info_of(PolicyRule rule) {
  return kRules[static_cast<size_t>(rule)];
}

std::optional<PolicyRule> policy_rule_from(std::string_view id) {
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].id == id) return static_cast<PolicyRule>(i);
  }
  return std::nullopt;
}

std::array<int, kPolicyRules> default_policy_weights() {
  std::array<int, kPolicyRules> weights{};
  for (size_t i = 0; i < kRules.size(); ++i)
    weights[i] = kRules[i].weight;
  return weights;
}

}  // namespace weir
