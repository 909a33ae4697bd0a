#pragma once

#include <array>
#include <cstdint>

#include "detect/program/rule_program.h"

namespace weir {

/// Value of a condition of which not everything is known.
enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

/// A condition's value when `pattern_hits` is what is known of every pattern, and `event_truth(index)` of an event atom.
template <typename EventTruth>
Truth truth_of(const RuleProgram& program, uint32_t index, Truth pattern_hits, const EventTruth& event_truth) {
  using Kind = ConditionStep::Kind;
  const ConditionStep& step = program.steps[index];
  std::array<uint32_t, 3> counts{};
  for (uint32_t i = 0; i < step.child_count; ++i)
    ++counts[static_cast<size_t>(truth_of(program, program.children[step.first_child + i], pattern_hits, event_truth))];
  const uint32_t possible = counts[1] + counts[2];
  switch (step.kind) {
    case Kind::kAtom:
      return pattern_hits;
    case Kind::kFalse:
      return Truth::kFalse;
    case Kind::kTrue:
      return Truth::kTrue;
    case Kind::kEvent:
      return event_truth(step.index);
    case Kind::kAnd:
      return counts[0] > 0 ? Truth::kFalse : counts[1] > 0 ? Truth::kUnknown : Truth::kTrue;
    case Kind::kOr:
      return counts[2] > 0 ? Truth::kTrue : possible > 0 ? Truth::kUnknown : Truth::kFalse;
    case Kind::kNot:
      return counts[2] > 0 ? Truth::kFalse : counts[1] > 0 ? Truth::kUnknown : Truth::kTrue;
    case Kind::kAtLeast:
      return counts[2] >= step.index ? Truth::kTrue : possible >= step.index ? Truth::kUnknown : Truth::kFalse;
  }
  return Truth::kUnknown;
}

}  // namespace weir
