#include "detect/compile/program_links.h"

#include <algorithm>

#include "detect/program/condition_truth.h"

namespace weir {
namespace {

using Step = ConditionStep;
using RulesOfAtoms = std::vector<std::vector<uint32_t>>;

void link_patterns(RuleProgram& program) {
  std::vector<std::vector<uint32_t>> atoms_of(program.patterns.size());
  for (uint32_t i = 0; i < program.atoms.size(); ++i)
    atoms_of[program.atoms[i].pattern].push_back(i);
  for (const auto& atoms : atoms_of) {
    program.pattern_first_atom.push_back(static_cast<uint32_t>(program.pattern_atoms.size()));
    program.pattern_atoms.insert(program.pattern_atoms.end(), atoms.begin(), atoms.end());
  }
  program.pattern_first_atom.push_back(static_cast<uint32_t>(program.pattern_atoms.size()));
}

void touch_atoms(const RuleProgram& program, uint32_t index, uint32_t rule, RulesOfAtoms& rules_of) {
  const Step& step = program.steps[index];
  if (step.kind == Step::Kind::kAtom) {
    auto& rules = rules_of[step.index];
    if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    return;
  }
  for (uint32_t i = 0; i < step.child_count; ++i)
    touch_atoms(program, program.children[step.first_child + i], rule, rules_of);
}

void link_rules(RuleProgram& program) {
  RulesOfAtoms rules_of(program.atoms.size());
  for (uint32_t rule = 0; rule < program.rule_root.size(); ++rule) {
    touch_atoms(program, program.rule_root[rule], rule, rules_of);
    const auto unknown = [](uint32_t) { return Truth::kUnknown; };
    if (truth_of(program, program.rule_root[rule], Truth::kFalse, unknown) != Truth::kFalse)
      program.always_rules.push_back(rule);
  }
  for (size_t i = 0; i < rules_of.size(); ++i) {
    program.atoms[i].first_rule = static_cast<uint32_t>(program.atom_rules.size());
    program.atoms[i].rule_count = static_cast<uint32_t>(rules_of[i].size());
    program.atom_rules.insert(program.atom_rules.end(), rules_of[i].begin(), rules_of[i].end());
  }
}

/// A hit of an atom decides the lists that it stands in at once; some (of bots' names) have hundreds of values.
void link_alternatives(RuleProgram& program) {
  std::vector<std::vector<AtomAlternative>> alternatives_of(program.atoms.size());
  for (uint32_t index = 0; index < program.steps.size(); ++index) {
    Step& step = program.steps[index];
    const auto first = program.children.begin() + step.first_child;
    const auto is_atom = [&](uint32_t child) { return program.steps[child].kind == Step::Kind::kAtom; };
    step.only_atoms = step.kind == Step::Kind::kOr && std::all_of(first, first + step.child_count, is_atom);
    if (!step.only_atoms) continue;
    for (uint32_t i = step.first_child; i < step.first_child + step.child_count; ++i)
      alternatives_of[program.steps[program.children[i]].index].push_back({index, i});
  }
  for (size_t i = 0; i < alternatives_of.size(); ++i) {
    program.atoms[i].first_alternative = static_cast<uint32_t>(program.atom_alternatives.size());
    program.atoms[i].alternative_count = static_cast<uint32_t>(alternatives_of[i].size());
    program.atom_alternatives.insert(program.atom_alternatives.end(), alternatives_of[i].begin(),
                                     alternatives_of[i].end());
  }
}

}  // namespace

void link_program(RuleProgram& program) {
  link_patterns(program);
  link_rules(program);
  link_alternatives(program);
}

}  // namespace weir
