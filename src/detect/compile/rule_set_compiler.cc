#include "detect/rule_set.h"

#include "detect/compile/database_builder.h"
#include "detect/compile/fingerprint.h"
#include "detect/compile/rule_compiler.h"
#include "detect/program/compiled_rules.h"

namespace weir {
namespace {

constexpr size_t kRulesMax = 20'000;
constexpr size_t kCorrelationsMax = 1'000;

SecurityLevels levels_of(const RuleSetOptions& options) {
  return static_cast<SecurityLevels>(options.other_levels | mask_of(options.security_level));
}

/// The rules that run at one of the levels: a rule names the lowest one.
std::vector<Rule> rules_at(const std::vector<Rule>& rules, SecurityLevels levels) {
  std::vector<Rule> running;
  for (const auto& rule : rules)
    if ((levels >> static_cast<unsigned>(rule.security_level)) != 0) running.push_back(rule);
  return running;
}

RuleInfo info_of(const Rule& rule) {
  return {rule.id,          rule.title,          rule.level, rule.category,   rule.weight,
          rule.specificity, rule.security_level, rule.tags,  rule.remediation};
}

PlaceMask raw_places_of(const RuleProgram& program) {
  PlaceMask places = 0;
  for (const auto& atom : program.atoms)
    places |= atom.places;
  for (const auto& atom : program.event_atoms)
    if (atom.operation == EventAtom::Operation::kLineRegex) places |= atom.field.anywhere;
  PlaceMask raw = 0;
  for (auto place = static_cast<unsigned>(Place::kRawUri); place < static_cast<unsigned>(Place::kCount); ++place)
    raw |= PlaceMask{1} << place;
  return places & raw;
}

}  // namespace

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                                        Diagnostics& diagnostics) {
  return compile(rules, {}, options, diagnostics);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(const std::vector<Rule>& rules,
                                                        const std::vector<Correlation>& correlations,
                                                        const RuleSetOptions& options, Diagnostics& diagnostics) {
  const size_t already = diagnostics.size();
  const auto refused = [&]() {
    for (size_t i = already; i < diagnostics.size(); ++i)
      if (diagnostics[i].severity == Diagnostic::Severity::kError)
        return fail(ErrorCode::kInvalidArgument, "rules", "the rule set is refused: " + diagnostics[i].to_string());
    return fail(ErrorCode::kInvalidArgument, "rules", "the rule set is refused");
  };
  if (rules.size() > kRulesMax) return fail(ErrorCode::kLimit, "rules", "more than 20000 rules");
  if (correlations.size() > kCorrelationsMax) return fail(ErrorCode::kLimit, "rules", "more than 1000 correlations");
  auto compiled = std::make_unique<CompiledRules>();
  compiled->options = options;
  compiled->levels = levels_of(options);
  const std::vector<Rule> running = rules_at(rules, compiled->levels);
  for (const auto& rule : running) {
    compiled->rules.push_back(info_of(rule));
    compiled->rule_levels.push_back(rule.security_level);
  }
  compiled->fingerprint = fingerprint_of(running, correlations, options);
  std::vector<PatternOrigin> origins;
  PatternFacts facts(options.cache_directory, compiled->fingerprint);
  compiled->program = compile_rules(running, facts, origins, diagnostics);
  for (size_t i = already; i < diagnostics.size(); ++i)
    if (diagnostics[i].severity == Diagnostic::Severity::kError) return refused();
  facts.keep();
  if (!build_databases(*compiled, origins, diagnostics)) return refused();
  compiled->correlations = correlations;
  compiled->raw_places = raw_places_of(compiled->program);
  return std::shared_ptr<const RuleSet>(new RuleSet(std::move(compiled)));
}

}  // namespace weir
