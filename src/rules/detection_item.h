#pragma once

#include <string>

#include "rules/rule.h"
#include "yaml/reporter.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads one `field|modifier|…: value(s)` of a selection and appends it to `items`: one item, or with `all` one for each
/// value. An unknown modifier, modifiers that contradict each other and values that do not fit them are reported. `key` is
/// the text before the colon.
void read_detection_item(const std::string& key, const YamlNode& value, int line, std::vector<DetectionItem>& items,
                         Reporter& report);

/// Reads a keyword: text searched for anywhere in the request.
DetectionItem read_keyword(const YamlNode& value, int line, Reporter& report);

}  // namespace weir
