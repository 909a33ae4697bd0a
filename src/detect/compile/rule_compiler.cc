#include "detect/compile/rule_compiler.h"

#include "detect/compile/item_compiler.h"

namespace weir {
namespace {

using Step = ConditionStep;

StepIndex compile_condition(const ConditionNode& node, const std::vector<StepIndex>& selections,
                            ProgramBuilder& program) {
  if (node.kind == ConditionNode::Kind::kSelection) return selections.at(node.selection);
  std::vector<StepIndex> children;
  for (const auto& child : node.children)
    children.push_back(compile_condition(child, selections, program));
  switch (node.kind) {
    case ConditionNode::Kind::kAnd:
      return program.combine(Step::Kind::kAnd, std::move(children));
    case ConditionNode::Kind::kNot:
      return program.combine(Step::Kind::kNot, std::move(children));
    case ConditionNode::Kind::kAtLeast:
      return program.combine(Step::Kind::kAtLeast, std::move(children), node.count);
    default:
      return program.combine(Step::Kind::kOr, std::move(children));
  }
}

StepIndex compile_selection(const Selection& selection, ItemCompiler& items, ProgramBuilder& program) {
  std::vector<StepIndex> alternatives;
  for (const auto& map : selection.alternatives) {
    std::vector<StepIndex> all;
    for (const auto& item : map.items)
      all.push_back(items.compile(item));
    alternatives.push_back(program.combine(Step::Kind::kAnd, std::move(all)));
  }
  return program.combine(Step::Kind::kOr, std::move(alternatives));
}

}  // namespace

RuleProgram compile_rules(const std::vector<Rule>& rules, PatternFacts& facts, std::vector<PatternOrigin>& origins,
                          Diagnostics& diagnostics) {
  ProgramBuilder program(origins);
  for (const Rule& rule : rules) {
    std::vector<StepIndex> selections;
    for (const auto& selection : rule.selections) {
      const Confirmation confirmation = selection.of_filter ? Confirmation::kNone : rule.confirmation;
      ItemCompiler items(rule, confirmation, program, facts, diagnostics);
      selections.push_back(compile_selection(selection, items, program));
    }
    std::vector<StepIndex> conditions;
    for (const auto& condition : rule.conditions)
      conditions.push_back(compile_condition(condition, selections, program));
    program.add_rule(program.combine(Step::Kind::kOr, std::move(conditions)));
  }
  return program.finish();
}

}  // namespace weir
