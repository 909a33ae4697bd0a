#pragma once

#include "config/config.h"
#include "config/findings.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads the list `sources` of a file into the configuration, whose `input` is what each source begins with. Every finding names
/// its source and stands where it was written. The requests topics become those of all sources.
void read_sources(const YamlNode& list, const std::string& file, Config& config, Findings& findings);

}  // namespace weir
