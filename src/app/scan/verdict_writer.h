#pragma once

#include <cstdint>
#include <string>

#include "detect/rule_set.h"
#include "pipeline/analyzer.h"

namespace weir {

/// Appends a batch's verdicts and refusals to `out`, one JSON object a line, in the order of the input: what `weir scan --output
/// verdicts` prints. `first_line` is the number of the batch's first line in `file`.
void write_verdicts(const AnalyzedBatch& batch, const RuleSet& rules, const std::string& file, int64_t first_line,
                    std::string& out);

}  // namespace weir
