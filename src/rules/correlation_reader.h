#pragma once

#include <optional>

#include "rules/correlation.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads one correlation document. Reports everything wrong with it; a correlation with an error is not returned.
/// What needs the other documents (its rules, cycles) is left to link_correlations().
std::optional<Correlation> read_correlation(const YamlNode& document, Reporter& report);

}  // namespace weir
