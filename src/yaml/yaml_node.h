#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A place in a file, from 1; 0 when unknown.
struct FilePosition {
  int line = 0;
  int column = 0;
};

/// One value of a file that people write, independent of the YAML library. A value without a place of its own (an empty one)
/// has that of its key.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar in quotes or as a block is always text, whatever it looks like
  FilePosition position;
  std::vector<YamlNode> items;  ///< of a list
  std::vector<Entry> entries;   ///< of a map, in the order of the file

  /// Empty, "~" or "null", unquoted.
  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }

  /// The value of a key of a map; null when there is none.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

struct YamlNode::Entry {
  std::string key;
  FilePosition position;
  YamlNode value;
};

/// "a single value", "a list" …, for messages.
std::string_view describe(YamlNode::Kind kind);

}  // namespace weir
