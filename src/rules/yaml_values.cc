#include "rules/yaml_values.h"

namespace weir {

std::string text_of(const YAML::Node& node, const std::string& key, int line, Reporter& report) {
  if (is_null(node)) return {};
  if (node.IsScalar()) return node.Scalar();
  report.error(line, "'" + key + "' must be text");
  return {};
}

std::vector<std::string> texts_of(const YAML::Node& node, const std::string& key, int line, Reporter& report) {
  std::vector<std::string> texts;
  if (is_null(node)) return texts;
  if (node.IsScalar()) return {node.Scalar()};
  if (!node.IsSequence()) {
    report.error(line, "'" + key + "' must be a list of texts");
    return texts;
  }
  for (const auto& element : node) {
    if (element.IsScalar())
      texts.push_back(element.Scalar());
    else
      report.error(line_of(element, line), "'" + key + "' must be a list of texts");
  }
  return texts;
}

}  // namespace weir
