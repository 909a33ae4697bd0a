#pragma once

#include "rules/rule.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads our own part of a rule: category, weight, security level, examples. An unknown key is an error.
void read_weir_section(const YamlNode& section, int line, Rule& rule, Reporter& report);

/// For rules of others: a category guessed from title and tags, a weight from the level.
void derive_weir_section(Rule& rule);

/// Builds the flat-profile record of an example: a map of its fields, or text that becomes the query parameter `q`.
std::optional<RuleExample> read_example(const YamlNode& node, int line, Reporter& report);

}  // namespace weir
