#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "detect/program/rule_program.h"

namespace weir {

/// Which rule and line asked for a pattern first.
struct PatternOrigin {
  std::string file;
  int line = 0;
};

using StepIndex = uint32_t;  ///< into RuleProgram::steps

/// A RuleProgram as it grows: conditions as steps, patterns and atoms each once however many rules ask for them.
class ProgramBuilder {
 public:
  /// `origins` gets one entry for each pattern.
  explicit ProgramBuilder(std::vector<PatternOrigin>& origins) : origins_(origins) {}

  StepIndex constant(bool value);
  /// False for no children, the child itself for a single one; `count` is how many must hold, for kAtLeast.
  StepIndex combine(ConditionStep::Kind kind, std::vector<StepIndex> children, uint32_t count = 0);
  StepIndex event(EventAtom atom);
  /// A pattern of the program where its match counts in some places.
  StepIndex atom(uint32_t pattern, PlaceMask places, Confirmation confirmation);

  /// The pattern with this expression and case, if the program has it.
  [[nodiscard]] std::optional<uint32_t> find_pattern(const Pattern& pattern) const;
  /// Adds one whose widths are known. An error: the expression that confirms or locates it does not compile.
  Result<uint32_t> add_pattern(Pattern pattern, PatternOrigin origin);

  void add_rule(StepIndex condition) { program_.rule_root.push_back(condition); }
  /// The program, linked. Nothing is to be added any more.
  RuleProgram finish();

 private:
  StepIndex push(const ConditionStep& step);

  RuleProgram program_;
  std::map<std::pair<std::string, LetterCase>, uint32_t> patterns_;
  std::map<std::tuple<uint32_t, PlaceMask, Confirmation>, uint32_t> atoms_;
  std::vector<PatternOrigin>& origins_;
};

}  // namespace weir
