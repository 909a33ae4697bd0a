#include "detect/rule_set.h"

#include "detect/program/compiled_rules.h"

namespace weir {

RuleSet::RuleSet(std::unique_ptr<const CompiledRules> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

const std::vector<RuleInfo>& RuleSet::rules() const {
  return compiled_->rules;
}
const std::vector<Correlation>& RuleSet::correlations() const {
  return compiled_->correlations;
}
PlaceMask RuleSet::raw_places() const {
  return compiled_->raw_places;
}
const RuleSetOptions& RuleSet::options() const {
  return compiled_->options;
}
const std::string& RuleSet::fingerprint() const {
  return compiled_->fingerprint;
}

}  // namespace weir
