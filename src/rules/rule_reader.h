#pragma once

#include <optional>

#include "rules/rule.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads one rule document. Reports everything wrong with it; a rule with an error is not returned.
std::optional<Rule> read_rule(const YamlNode& document, Reporter& report);

enum class SelectionsOf : uint8_t { kRule, kFilter };

/// Reads the selections of a `detection` map (all keys but `condition`) or of a `filter` map (nor `rules`).
std::vector<Selection> read_selections(const YamlNode& detection, SelectionsOf owner, Reporter& report);

/// True for "8-4-4-4-12" hexadecimal digits, the form Sigma asks of ids.
bool is_uuid(std::string_view text);

}  // namespace weir
