#include "detect/match/rule_evaluator.h"

#include <algorithm>

namespace weir {
namespace {

bool repeats(const EventAtom& atom) {
  const bool of_text = atom.operation == EventAtom::Operation::kRegex || atom.operation == EventAtom::Operation::kGlob;
  return of_text && (atom.field.text == EventText::kContentType || atom.field.text == EventText::kMethod);
}

}  // namespace

AtomHits::AtomHits(const RuleProgram& program)
    : program_(&program), states_(program.atoms.size()), alternatives_(program.steps.size()) {}

void AtomHits::clear() {
  if (++epoch_ != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(states_.begin(), states_.end(), State{});
  std::fill(alternatives_.begin(), alternatives_.end(), Alternative{});
  epoch_ = 1;
}

bool AtomHits::add(uint32_t atom, Found found) {
  State& state = states_[atom];
  const bool first = state.epoch != epoch_;
  if (first || found.line < state.found.line) state = {epoch_, found};
  if (!first) return false;
  const Atom& definition = program_->atoms[atom];
  for (uint32_t i = 0; i < definition.alternative_count; ++i) {
    const AtomAlternative& place = program_->atom_alternatives[definition.first_alternative + i];
    Alternative& alternative = alternatives_[place.step];
    if (alternative.epoch != epoch_ || place.child < alternative.child) alternative = {epoch_, place.child};
  }
  return true;
}

RuleEvaluator::RuleEvaluator(const RuleProgram& program) : program_(&program), events_(program.event_atoms.size()) {
  for (const auto& atom : program.event_atoms) {
    memo_of_.push_back(repeats(atom) ? static_cast<uint32_t>(memos_.size()) : kNoMemo);
    if (repeats(atom)) memos_.emplace_back();
  }
}

void RuleEvaluator::begin_record() {
  if (++epoch_ != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(events_.begin(), events_.end(), EventState{});
  epoch_ = 1;
}

bool RuleEvaluator::evaluate_event(const MatchTask& task, uint32_t index) {
  EventState& state = events_[index];
  if (state.epoch != epoch_) state = {epoch_, look_up(task, index)};
  return state.value;
}

bool RuleEvaluator::look_up(const MatchTask& task, uint32_t index) {
  const EventAtom& atom = program_->event_atoms[index];
  const auto ask = [&] { return weir::holds(atom, *task.event, *task.record, scratch_); };
  if (memo_of_[index] == kNoMemo) return ask();
  const std::string_view text = event_text(*task.event, atom.field.text, scratch_.first);
  if (text.empty()) return false;
  if (text.size() > TextMemo::kBytesMax) return ask();
  const size_t slot_index = (text.size() + static_cast<uint8_t>(text.back())) % TextMemo::kSlots;
  TextMemo::Slot& slot = memos_[memo_of_[index]].slots[slot_index];
  if (slot.size == text.size() && std::equal(text.begin(), text.end(), slot.text.begin())) return slot.value;
  slot.size = static_cast<uint8_t>(text.size());
  std::copy(text.begin(), text.end(), slot.text.begin());
  return slot.value = ask();
}

bool RuleEvaluator::evaluate(const MatchTask& task, uint32_t index, const AtomHits& hits) {
  const ConditionStep& step = program_->steps[index];
  const uint32_t* child = program_->children.data() + step.first_child;
  const uint32_t* end = child + step.child_count;
  switch (step.kind) {
    case ConditionStep::Kind::kAtom:
      return hits.has(step.index);
    case ConditionStep::Kind::kEvent:
      return evaluate_event(task, step.index);
    case ConditionStep::Kind::kAnd:
      return std::all_of(child, end, [&](uint32_t c) { return evaluate(task, c, hits); });
    case ConditionStep::Kind::kOr:
      if (step.only_atoms) return hits.has_any_of(index);
      return std::any_of(child, end, [&](uint32_t c) { return evaluate(task, c, hits); });
    case ConditionStep::Kind::kNot:
      return !evaluate(task, *child, hits);
    case ConditionStep::Kind::kAtLeast:
      return static_cast<uint32_t>(std::count_if(child, end, [&](uint32_t c) { return evaluate(task, c, hits); })) >=
             step.index;
    case ConditionStep::Kind::kTrue:
      return true;
    case ConditionStep::Kind::kFalse:
      return false;
  }
  return false;
}

/// The first atom, in the order of the condition, that made it hold; null when facts of the event did.
const AtomHits::Found* RuleEvaluator::evidence(const MatchTask& task, uint32_t index, const AtomHits& hits,
                                               uint32_t& pattern) {
  const ConditionStep& step = program_->steps[index];
  if (step.kind == ConditionStep::Kind::kAtom) {
    if (!hits.has(step.index)) return nullptr;
    pattern = program_->atoms[step.index].pattern;
    return &hits.found(step.index);
  }
  if (step.kind == ConditionStep::Kind::kNot) return nullptr;
  if (step.only_atoms)
    return hits.has_any_of(index) ? evidence(task, program_->children[hits.first_of(index)], hits, pattern) : nullptr;
  for (uint32_t i = 0; i < step.child_count; ++i) {
    const uint32_t child = program_->children[step.first_child + i];
    if (!evaluate(task, child, hits)) continue;
    if (const AtomHits::Found* found = evidence(task, child, hits, pattern)) return found;
  }
  return nullptr;
}

Hit RuleEvaluator::hit_of(const MatchTask& task, uint32_t rule, const AtomHits& hits, size_t located_above) {
  const DecodedRecord& record = *task.record;
  Hit hit;
  hit.rule = rule;
  uint32_t pattern = 0;
  const AtomHits::Found* found = evidence(task, program_->rule_root[rule], hits, pattern);
  if (found == nullptr) return hit;
  hit.line = found->line;
  hit.match_begin = hit.match_end = found->end;
  const Line& line = record.lines[found->line];
  const bool is_parameter = (mask_of(line.place) & kParameterPlaces) != 0;
  if (located_above == kNowhere || (is_parameter && line.end - line.begin <= located_above)) return hit;
  if (const auto& span = program_->spans[pattern]) {
    const auto match = span->find(record.line_text(line), scratch_.pcre);
    if (match.outcome != Pcre::Outcome::kMatch) return hit;
    hit.match_begin = line.begin + match.begin;
    hit.match_end = line.begin + match.end;
  } else if (const uint32_t width = program_->patterns[pattern].max_width; width <= found->end - line.begin) {
    hit.match_begin = found->end - width;
  }
  return hit;
}

}  // namespace weir
