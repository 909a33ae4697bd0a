#include "config/yaml_document.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "rules/yaml_rest.h"

namespace weir {
namespace {

// A configuration has a few hundred, a policy of a thousand routes some tens of thousands; aliases of aliases pass this at once.
constexpr size_t kNodesMax = 500'000;

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics, int depth_max)
      : file_(file), diagnostics_(diagnostics), depth_max_(depth_max) {}

  ConfigNode read(const YAML::Node& node, FilePosition fallback, int depth) {
    ConfigNode result;
    result.position = position_of(node.Mark(), fallback);
    if (++nodes_ > kNodesMax || depth > depth_max_) {
      if (!refused_)
        error(result.position, "too many values, or nested too deep", "aliases that refer to each other multiply");
      refused_ = true;
      return result;
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        read_scalar(node, result);
        break;
      case YAML::NodeType::Sequence:
        read_list(node, result, depth);
        break;
      case YAML::NodeType::Map:
        read_map(node, result, depth);
        break;
      default:
        break;
    }
    return result;
  }

  void error(FilePosition at, std::string message, std::string hint = {}) {
    diagnostics_.push_back(
        {Diagnostic::Severity::kError, file_, at.line, at.column, std::move(message), std::move(hint)});
  }

  static FilePosition position_of(const YAML::Mark& mark, FilePosition fallback = {}) {
    return mark.is_null() ? fallback : FilePosition{mark.line + 1, mark.column + 1};
  }

 private:
  static void read_scalar(const YAML::Node& node, ConfigNode& result) {
    result.quoted = node.Tag() == "!";
    result.text = node.Scalar();
    const bool is_null = !result.quoted && (result.text.empty() || result.text == "~" || result.text == "null");
    result.kind = is_null ? ConfigNode::Kind::kNull : ConfigNode::Kind::kScalar;
  }

  void read_list(const YAML::Node& node, ConfigNode& result, int depth) {
    result.kind = ConfigNode::Kind::kList;
    for (const auto& item : node) {
      if (refused_) return;
      result.items.push_back(read(item, result.position, depth + 1));
    }
  }

  void read_map(const YAML::Node& node, ConfigNode& result, int depth) {
    result.kind = ConfigNode::Kind::kMap;
    for (const auto& entry : node) {
      if (refused_) return;
      const auto at = position_of(entry.first.Mark(), result.position);
      if (!entry.first.IsScalar()) {
        error(at, "a key must be plain text");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const auto same = [&](const ConfigNode::Entry& earlier) { return earlier.key == key; };
      const auto earlier = std::find_if(result.entries.begin(), result.entries.end(), same);
      if (earlier != result.entries.end()) {
        error(at, "the key '" + key + "' stands twice",
              "it stands in line " + std::to_string(earlier->position.line) + " already");
        continue;
      }
      result.entries.push_back({key, at, read(entry.second, at, depth + 1)});
    }
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  int depth_max_;
  size_t nodes_ = 0;
  bool refused_ = false;
};

bool indented_with_tab(const std::string& yaml, int line) {
  size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    const auto end = yaml.find('\n', begin);
    if (end == std::string::npos) return false;
    begin = end + 1;
  }
  const auto text = yaml.find_first_not_of(" \t", begin);
  return yaml.substr(begin, text - begin).find('\t') != std::string::npos;
}

}  // namespace

ConfigNode read_config_document(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                                int depth_max) {
  Reader reader(file, diagnostics, depth_max);
  ConfigNode root;
  try {
    // Ends in a comment without a line break, because the library takes the end of a line for the end of an open quote.
    const std::string text = yaml + "\n#";
    if (const int line = line_behind_first_document(text); line > 0) {
      reader.error({line, 1}, "a second YAML document, or text behind the end of the first",
                   "a configuration is one document: remove the '---' between");
    }
    root = reader.read(YAML::Load(text), {1, 1}, 0);
  } catch (const YAML::Exception& exception) {
    const auto at = Reader::position_of(exception.mark);
    reader.error(at, "not valid YAML: " + exception.msg,
                 indented_with_tab(yaml, at.line) ? "indent with spaces, not with tabs" : "");
    return root;
  }
  if (root.kind == ConfigNode::Kind::kNull) root.kind = ConfigNode::Kind::kMap;
  if (root.kind != ConfigNode::Kind::kMap) {
    reader.error(root.position, "a configuration is a map of sections, not " + std::string(describe(root.kind)));
    root = ConfigNode{};
    root.kind = ConfigNode::Kind::kMap;
  }
  return root;
}

std::string_view describe(ConfigNode::Kind kind) {
  switch (kind) {
    case ConfigNode::Kind::kNull:
      return "nothing";
    case ConfigNode::Kind::kScalar:
      return "a single value";
    case ConfigNode::Kind::kList:
      return "a list";
    case ConfigNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

}  // namespace weir
