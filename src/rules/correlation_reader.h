#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>

#include "rules/correlation.h"
#include "rules/yaml_reader.h"

namespace weir {

/// Reads one correlation document. Reports everything wrong with it; a correlation with an error is not returned.
/// What needs the other documents (its rules, cycles) is left to link_correlations().
std::optional<Correlation> read_correlation(const YAML::Node& document, Reporter& report);

}  // namespace weir
