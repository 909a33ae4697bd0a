#pragma once

#include <cstdint>
#include <string>

#include "app/scan/record_place.h"
#include "detect/rule_set.h"
#include "pipeline/analyzer.h"

namespace weir {

/// Append a verdict, or why there is none, as one JSON object and a line end: what `weir scan --output verdicts` prints.
void write_verdict(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place, std::string& out);
void write_verdict(const RejectedRecord& rejected, const RecordPlace& place, std::string& out);

}  // namespace weir
