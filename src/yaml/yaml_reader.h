#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "yaml/yaml_node.h"

namespace weir {

/// What a file of one kind may be.
struct YamlForm {
  std::string_view what = "a configuration";  ///< for messages
  int depth_max = 16;
  /// A configuration has a few hundred values, a policy of a thousand routes some tens of thousands, the largest public rule
  /// some 2,000; aliases of aliases pass this at once.
  size_t nodes_max = 500'000;
};

/// Reads one YAML document that is a map, strictly: keys that stand twice, keys that are no plain text, several documents,
/// nesting or expansion (by aliases) beyond small bounds are errors. An empty text is an empty map. Never throws.
YamlNode read_yaml_map(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                       const YamlForm& form = {});

/// Every document of the text, as strictly; none when anything is wrong with one of them. At most 1,000.
std::vector<YamlNode> read_yaml_documents(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                                          const YamlForm& form);

}  // namespace weir
