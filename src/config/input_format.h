#pragma once

#include "config/config.h"
#include "config/findings.h"
#include "yaml/yaml_node.h"

namespace weir {

/// input.format: one server's name and its log directive, which becomes the input profile. The directive is text, or for Envoy also
/// the map that stands in json_format.
void set_input_format(const YamlNode& value, const Origin& origin, Config& config, Findings& findings);

}  // namespace weir
