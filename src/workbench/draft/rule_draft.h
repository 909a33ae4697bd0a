#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "detect/rule_set.h"
#include "rules/category.h"
#include "workbench/draft/clue.h"
#include "workbench/draft/draft_request.h"

namespace weir {

/// A first draft of a rule, for a person to finish.
struct RuleDraft {
  std::vector<Clue> looks_for;    ///< all of them in one request
  std::vector<Clue> also_shared;  ///< told in a comment
  Category category = Category::kOther;
  size_t records = 0;  ///< it was made of
  std::vector<DraftExample> positive, negative;
};

/// The lines of a selection below a document's key, for requests that hold all of the clues: an item a key, with its values together where several
/// have it.
std::string print_selection(const std::vector<Clue>& clues);

/// The draft as a rule file, with a comment wherever a person must decide. The same draft gives the same text, its id included.
std::string print_draft(const RuleDraft& draft);

/// Takes out the examples that do not hold when the rule is judged as `weir rules test` does: a positive one whose masking hid what the
/// rule looks for, and what is no example of an ordinary request. Gives how many. An error value: the draft is no rule.
Result<size_t> drop_false_examples(RuleDraft& draft);

/// A rule set with one rule a clue, in their order, by which any record says which of them it holds.
Result<std::shared_ptr<const RuleSet>> compile_clues(const std::vector<Clue>& clues);

}  // namespace weir
