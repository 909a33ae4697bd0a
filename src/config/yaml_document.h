#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace weir {

/// A place in a file, from 1; 0 when unknown.
struct FilePosition {
  int line = 0;
  int column = 0;
};

/// One value of a configuration file, independent of the YAML library.
struct ConfigNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar in quotes is always text
  FilePosition position;
  std::vector<ConfigNode> items;
  std::vector<Entry> entries;
};

struct ConfigNode::Entry {
  std::string key;
  FilePosition position;
  ConfigNode value;
};

/// Of a configuration.
inline constexpr int kConfigDepthMax = 16;

/// Reads one YAML document strictly: keys that stand twice, keys that are no plain text, several documents, nesting or
/// expansion (by aliases) beyond small bounds are errors. An empty text is an empty map. Never throws.
ConfigNode read_config_document(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                                int depth_max = kConfigDepthMax);

/// "text", "a list" …, for messages.
std::string_view describe(ConfigNode::Kind kind);

}  // namespace weir
