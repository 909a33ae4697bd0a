#pragma once

#include <string>
#include <vector>

#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// The value of a key that holds text; null is empty. Anything else is reported.
std::string text_of(const YamlNode& node, const std::string& key, int line, Reporter& report);

/// The value of a key that holds a list of texts, or one text.
std::vector<std::string> texts_of(const YamlNode& node, const std::string& key, int line, Reporter& report);

}  // namespace weir
