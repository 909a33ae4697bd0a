#include "detect/match/hit_decider.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

/// The first exclusion that keeps the rule from seeing the line; a line of kWholeRecord asks for those of the whole record.
const RuleExclusion* exclusion_of(const MatchPolicy& policy, uint32_t rule, uint32_t line) {
  for (const auto& exclusion : policy.exclusions) {
    if (exclusion.rule != rule && exclusion.rule != RuleExclusion::kEveryRule) continue;
    if (exclusion.line == line || exclusion.line == RuleExclusion::kWholeRecord) return &exclusion;
  }
  return nullptr;
}

}  // namespace

HitDecider::HitDecider(const CompiledRules& rules, size_t located_above)
    : rules_(&rules),
      located_above_(located_above),
      evaluator_(rules.program),
      always_rules_(rules.program),
      atoms_(rules.program),
      visible_(rules.program),
      touched_epochs_(rules.program.rule_root.size()) {
  touched_.reserve(rules.program.rule_root.size());
}

void HitDecider::decide(const MatchTask& task, std::span<const RecordHit> known, std::span<const RecordHit> confirmed) {
  begin_record();
  accept(*task.record, known);
  accept(*task.record, confirmed);
  touch_always_rules(task);
  if (touched_.empty()) return;
  std::sort(touched_.begin(), touched_.end());
  const bool by_lines = task.policy->distinguishes_lines();
  // A pattern of a rule that runs may belong to a stricter rule too.
  const SecurityLevel level = rules_->known_level(task.policy->level);
  for (const uint32_t rule : touched_) {
    if (!by_lines && rules_->rule_levels[rule] > level) continue;
    if (!evaluator_.holds(task, rule, atoms_)) continue;
    if (by_lines)
      decide_by_lines(task, rule, {known, confirmed});
    else
      task.out->hits.push_back(hit_of(task, rule, atoms_));
  }
  add_up(*task.out);
}

void HitDecider::begin_record() {
  touched_.clear();
  atoms_.clear();
  evaluator_.begin_record();
  if (++epoch_ != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(touched_epochs_.begin(), touched_epochs_.end(), 0U);
  epoch_ = 1;
}

/// These atoms hold for the record: their rules are to be evaluated.
void HitDecider::accept(const DecodedRecord& record, std::span<const RecordHit> hits) {
  const RuleProgram& program = rules_->program;
  for (const RecordHit& hit : hits) {
    if (!atoms_.add(hit.hit.atom, {hit.line, record.lines[hit.line].begin + hit.hit.end})) continue;
    const Atom& atom = program.atoms[hit.hit.atom];
    for (uint32_t i = 0; i < atom.rule_count; ++i)
      touch(program.atom_rules[atom.first_rule + i]);
  }
}

void HitDecider::touch(uint32_t rule) {
  if (touched_epochs_[rule] == epoch_) return;
  touched_epochs_[rule] = epoch_;
  touched_.push_back(rule);
}

void HitDecider::touch_always_rules(const MatchTask& task) {
  const SecurityLevel level = rules_->known_level(task.policy->level);
  for (const uint32_t rule : always_rules_.candidates(*task.event, *task.record))
    if (rules_->rule_levels[rule] <= level) touch(rule);
}

bool HitDecider::may_see(const MatchPolicy& policy, uint32_t rule, uint32_t line) const {
  return rules_->rule_levels[rule] <= rules_->known_level(policy.level_of(line)) &&
         exclusion_of(policy, rule, line) == nullptr;
}

/// A rule that holds for the record as a whole: does it hold for what it may see? Both must be, so that hiding the line of a
/// "not" makes no hit.
void HitDecider::decide_by_lines(const MatchTask& task, uint32_t rule, const LineHits& hits) {
  static_assert(Hit::kNoLine == RuleExclusion::kWholeRecord);
  const MatchPolicy& policy = *task.policy;
  const Hit whole = hit_of(task, rule, atoms_);
  const RuleExclusion* exclusion = exclusion_of(policy, rule, whole.line);
  if (exclusion != nullptr)
    task.out->excluded.push_back({whole, static_cast<uint32_t>(exclusion - policy.exclusions.data())});
  if (exclusion_of(policy, rule, RuleExclusion::kWholeRecord) != nullptr) return;
  visible_.clear();
  for (const auto& part : {hits.known, hits.confirmed})
    for (const RecordHit& found : part)
      if (may_see(policy, rule, found.line))
        visible_.add(found.hit.atom, {found.line, task.record->lines[found.line].begin + found.hit.end});
  if (evaluator_.holds(task, rule, visible_)) task.out->hits.push_back(hit_of(task, rule, visible_));
}

/// Rules without weight (bots, say) hit often and need no evidence.
Hit HitDecider::hit_of(const MatchTask& task, uint32_t rule, const AtomHits& hits) {
  const bool is_evidence = rules_->rules[rule].weight > 0;
  return evaluator_.hit_of(task, rule, hits, is_evidence ? located_above_ : RuleEvaluator::kNowhere);
}

void HitDecider::add_up(Detection& out) const {
  std::array<int, static_cast<size_t>(Category::kCount)> scores{};
  for (const auto& hit : out.hits) {
    const RuleInfo& rule = rules_->rules[hit.rule];
    int& score = scores[static_cast<size_t>(rule.category)];
    score = std::min(score + rule.weight, Detection::kCategoryScoreMax);
    // A rule without weight informs (a bot, say); it does not accuse.
    if (rule.weight > 0) out.categories = static_cast<CategoryMask>(out.categories | mask_of(rule.category));
  }
  for (const int score : scores)
    out.score += score;
  out.malicious = out.score >= rules_->options.threshold && !out.hits.empty();
}

}  // namespace weir
