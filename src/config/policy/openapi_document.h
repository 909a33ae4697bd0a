#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "yaml/yaml_node.h"

namespace weir {

/// An OpenAPI document and its inner references.
class OpenApiDocument {
 public:
  static constexpr int kReferencesMax = 32;  // one behind the other

  /// YAML, or JSON when the text starts with a brace.
  OpenApiDocument(const std::string& text, const std::string& file, Diagnostics& diagnostics);

  [[nodiscard]] const YamlNode& root() const { return root_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// The node itself, or what its "$ref" points to. Null: the reference leaves the document, leads nowhere or in a circle.
  [[nodiscard]] const YamlNode* resolved(const YamlNode& node) const;

 private:
  [[nodiscard]] const YamlNode* at_pointer(std::string_view pointer) const;

  std::string file_;
  YamlNode root_;
};

/// The text of a scalar below a key; empty when there is none.
std::string text_of(const YamlNode& node, std::string_view key);

}  // namespace weir
