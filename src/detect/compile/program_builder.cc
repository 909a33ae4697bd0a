#include "detect/compile/program_builder.h"

#include "detect/compile/program_links.h"
#include "detect/compile/regex_rewrite.h"

namespace weir {

using Step = ConditionStep;

StepIndex ProgramBuilder::push(const Step& step) {
  program_.steps.push_back(step);
  return static_cast<StepIndex>(program_.steps.size() - 1);
}

StepIndex ProgramBuilder::constant(bool value) {
  return push({value ? Step::Kind::kTrue : Step::Kind::kFalse, 0, 0, 0});
}

StepIndex ProgramBuilder::combine(Step::Kind kind, std::vector<StepIndex> children, uint32_t count) {
  if (children.empty()) return constant(false);
  if (children.size() == 1 && kind != Step::Kind::kNot) return children[0];
  const Step step{kind, count, static_cast<uint32_t>(program_.children.size()), static_cast<uint32_t>(children.size())};
  program_.children.insert(program_.children.end(), children.begin(), children.end());
  return push(step);
}

StepIndex ProgramBuilder::event(EventAtom atom) {
  program_.event_atoms.push_back(std::move(atom));
  return push({Step::Kind::kEvent, static_cast<uint32_t>(program_.event_atoms.size() - 1), 0, 0});
}

StepIndex ProgramBuilder::atom(uint32_t pattern, PlaceMask places, Confirmation confirmation) {
  const auto [known, is_new] =
      atoms_.try_emplace({pattern, places, confirmation}, static_cast<uint32_t>(program_.atoms.size()));
  if (is_new) program_.atoms.push_back({pattern, places, confirmation, 0, 0});
  return push({Step::Kind::kAtom, known->second, 0, 0});
}

std::optional<uint32_t> ProgramBuilder::find_pattern(const Pattern& pattern) const {
  const auto known = patterns_.find({pattern.regex, pattern.letter_case});
  return known == patterns_.end() ? std::nullopt : std::optional(known->second);
}

Result<uint32_t> ProgramBuilder::add_pattern(Pattern pattern, PatternOrigin origin) {
  pattern.word_boundary = has_word_boundary(pattern.regex);
  pattern.line_breaks = asks_for_line_break(pattern.regex);
  std::unique_ptr<const Pcre> span;
  if (pattern.min_width != pattern.max_width || pattern.prefilter || pattern.word_boundary) {
    auto compiled = Pcre::compile(with_utf8_boundaries(pattern.regex), pattern.letter_case);
    if (!compiled) return tl::unexpected<Error>(compiled.error());
    span = std::make_unique<const Pcre>(std::move(*compiled));
  }
  const auto index = static_cast<uint32_t>(program_.patterns.size());
  patterns_.emplace(std::pair(pattern.regex, pattern.letter_case), index);
  program_.patterns.push_back(std::move(pattern));
  program_.spans.push_back(std::move(span));
  origins_.push_back(std::move(origin));
  return index;
}

RuleProgram ProgramBuilder::finish() {
  link_program(program_);
  return std::move(program_);
}

}  // namespace weir
