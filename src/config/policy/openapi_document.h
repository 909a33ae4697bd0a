#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/yaml_document.h"

namespace weir {

/// An OpenAPI document and its inner references.
class OpenApiDocument {
 public:
  static constexpr int kReferencesMax = 32;  // one behind the other

  /// YAML, or JSON when the text starts with a brace.
  OpenApiDocument(const std::string& text, const std::string& file, Diagnostics& diagnostics);

  [[nodiscard]] const ConfigNode& root() const { return root_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// The node itself, or what its "$ref" points to. Null: the reference leaves the document, leads nowhere or in a circle.
  [[nodiscard]] const ConfigNode* resolved(const ConfigNode& node) const;

 private:
  [[nodiscard]] const ConfigNode* at_pointer(std::string_view pointer) const;

  std::string file_;
  ConfigNode root_;
};

/// The value of a key of a map; null when there is none.
const ConfigNode* child_of(const ConfigNode& node, std::string_view key);
/// The text of a scalar below a key; empty when there is none.
std::string text_of(const ConfigNode& node, std::string_view key);

}  // namespace weir
