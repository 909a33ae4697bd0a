#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace weir {

/// What is wrong with a condition, in words for its author.
struct ConditionError {
  std::string message;
  std::string hint;
};

/// Reads a Sigma condition: `and`, `or`, `not`, parentheses, `1 of x*`, `all of them`, `N of x*`, names of selections.
/// The leaves are indices into `selections`. Nesting is bounded, so later walks of the tree may recurse.
/// Returns the tree, or sets `error`.
std::optional<ConditionNode> parse_condition(std::string_view text, const std::vector<Selection>& selections,
                                             ConditionError& error);

/// Marks the selections the tree uses; `used` has one element per selection.
void mark_used(const ConditionNode& node, std::vector<bool>& used);

}  // namespace weir
