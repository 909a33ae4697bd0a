#pragma once

#include <string>

#include "base/diagnostic.h"
#include "base/result.h"
#include "policy/policy_spec.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Reads the `policy` section of a configuration and the files it names (relative to `file`). Everything wrong with form and
/// values goes to the diagnostics; what fits together or not is Policy::compile()'s to say. Blocks on file reads.
PolicySpec read_policy(const YamlNode& section, const std::string& file, Diagnostics& diagnostics);

/// Reads a policy file: the keys of the section at its top level, or a configuration that has the section.
Result<PolicySpec> read_policy_file(const std::string& path, Diagnostics& diagnostics);

/// As read_policy_file, of a text.
PolicySpec read_policy_text(const std::string& yaml, const std::string& file, Diagnostics& diagnostics);

/// A file of at most `bytes_max`; the error is a sentence.
Result<std::string> read_whole_file(const std::string& path, size_t bytes_max);

/// Names of places as a policy writes them: query, form, json, multipart, cookie, header, path, body.
std::string names_of_places(PlaceMask places);

}  // namespace weir
