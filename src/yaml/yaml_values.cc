#include "yaml/yaml_values.h"

namespace weir {

std::string text_of(const YamlNode& node, const std::string& key, int line, Reporter& report) {
  if (node.is_null()) return {};
  if (node.is_scalar()) return node.text;
  report.error(line, "'" + key + "' must be text");
  return {};
}

std::vector<std::string> texts_of(const YamlNode& node, const std::string& key, int line, Reporter& report) {
  std::vector<std::string> texts;
  if (node.is_null()) return texts;
  if (node.is_scalar()) return {node.text};
  if (!node.is_list()) {
    report.error(line, "'" + key + "' must be a list of texts");
    return texts;
  }
  for (const auto& element : node.items) {
    if (element.is_scalar())
      texts.push_back(element.text);
    else
      report.error(element.position.line, "'" + key + "' must be a list of texts");
  }
  return texts;
}

}  // namespace weir
