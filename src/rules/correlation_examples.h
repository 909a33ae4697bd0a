#pragma once

#include "rules/correlation.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads the `weir` section of a correlation: its examples (docs/correlation.md).
void read_correlation_examples(const YamlNode& section, int line, Correlation& correlation, Reporter& report);

}  // namespace weir
