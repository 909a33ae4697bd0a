#pragma once

#include <yaml-cpp/yaml.h>

#include "rules/correlation.h"
#include "rules/yaml_reader.h"

namespace weir {

/// Reads the `weir` section of a correlation: its examples (docs/correlation.md).
void read_correlation_examples(const YAML::Node& section, int line, Correlation& correlation, Reporter& report);

}  // namespace weir
