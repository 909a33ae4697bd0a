#include "yaml/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/utf8.h"
#include "yaml/yaml_rest.h"

namespace weir {
namespace {

constexpr size_t kDocumentsMax = 1000;

/// The place of the first byte that is no UTF-8; columns are bytes.
std::optional<FilePosition> ill_formed_utf8(std::string_view text) {
  FilePosition at{1, 1};
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = read_utf8(text.substr(i, 4)).bytes;
    if (bytes == 0) return at;
    at = text[i] == '\n' ? FilePosition{at.line + 1, 1} : FilePosition{at.line, at.column + static_cast<int>(bytes)};
    i += bytes;
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics, const YamlForm& form)
      : file_(file), diagnostics_(diagnostics), form_(form) {}

  /// The first document of a text; `behind` is what to say of a rest behind it.
  YamlNode read(const std::string& text, const char* behind, const std::string& hint) {
    nodes_ = 0;
    if (const auto at = ill_formed_utf8(text)) {
      error(*at, "not valid UTF-8", "save the file in UTF-8");
      return {};
    }
    try {
      if (const int line = line_behind_first_document(text); line > 0) error({line, 1}, behind, hint);
      return read(YAML::Load(text), {1, 1}, 0);
    } catch (const YAML::Exception& exception) {
      const auto at = position_of(exception.mark);
      error(at, "not valid YAML: " + exception.msg,
            indented_with_tab(text, at.line) ? "indent with spaces, not with tabs" : "");
      return {};
    }
  }

  void error(FilePosition at, std::string message, std::string hint = {}) {
    failed_ = true;
    diagnostics_.push_back(
        {Diagnostic::Severity::kError, file_, at.line, at.column, std::move(message), std::move(hint)});
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  YamlNode read(const YAML::Node& node, FilePosition fallback, int depth) {
    YamlNode result;
    // The library puts an empty value where the next one begins.
    result.position = node.IsNull() ? fallback : position_of(node.Mark(), fallback);
    if (++nodes_ > form_.nodes_max || depth > form_.depth_max) {
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

  static FilePosition position_of(const YAML::Mark& mark, FilePosition fallback = {}) {
    return mark.is_null() ? fallback : FilePosition{mark.line + 1, mark.column + 1};
  }

  static void read_scalar(const YAML::Node& node, YamlNode& result) {
    result.quoted = node.Tag() == "!";
    result.text = node.Scalar();
    const bool is_null = !result.quoted && (result.text.empty() || result.text == "~" || result.text == "null");
    result.kind = is_null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar;
  }

  void read_list(const YAML::Node& node, YamlNode& result, int depth) {
    result.kind = YamlNode::Kind::kList;
    for (const auto& item : node) {
      if (refused_) return;
      result.items.push_back(read(item, result.position, depth + 1));
    }
  }

  void read_map(const YAML::Node& node, YamlNode& result, int depth) {
    result.kind = YamlNode::Kind::kMap;
    std::unordered_map<std::string, int> lines;
    for (const auto& entry : node) {
      if (refused_) return;
      const auto at = position_of(entry.first.Mark(), result.position);
      if (!entry.first.IsScalar()) {
        error(at, "a key must be plain text");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      if (const auto [earlier, is_new] = lines.emplace(key, at.line); !is_new) {
        error(at, "the key '" + key + "' stands twice",
              "it stands in line " + std::to_string(earlier->second) + " already");
        continue;
      }
      result.entries.push_back({key, at, read(entry.second, at, depth + 1)});
    }
  }

  static bool indented_with_tab(const std::string& yaml, int line) {
    size_t begin = 0;
    for (int i = 1; i < line; ++i) {
      const auto end = yaml.find('\n', begin);
      if (end == std::string::npos) return false;
      begin = end + 1;
    }
    const auto text = yaml.find_first_not_of(" \t", begin);
    return yaml.substr(begin, text - begin).find('\t') != std::string::npos;
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  YamlForm form_;
  size_t nodes_ = 0;
  bool refused_ = false;
  bool failed_ = false;
};

bool is_marker(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

bool has_content(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line[first] != '#' && line[0] != '%' && !is_marker(line);
}

/// The documents of a file, each with as many empty lines in front as there were, so that positions stay right.
std::vector<std::string> split_documents(const std::string& yaml) {
  std::vector<std::string> texts(1);
  size_t lines = 0;
  bool content = false;
  for (size_t begin = 0; begin < yaml.size() && texts.size() <= kDocumentsMax;) {
    const size_t end = std::min(yaml.find('\n', begin), yaml.size());
    const std::string_view line(yaml.data() + begin, end - begin);
    if (is_marker(line) && content) {
      texts.emplace_back(lines, '\n');
      content = false;
    }
    content = content || has_content(line);
    texts.back().append(line).push_back('\n');
    ++lines;
    begin = end + 1;
  }
  return texts;
}

/// Ends in a comment without a line break, because the library takes the end of a line for the end of an open quote.
constexpr const char* kEnd = "\n#";

}  // namespace

YamlNode read_yaml_map(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                       const YamlForm& form) {
  Reader reader(file, diagnostics, form);
  const std::string what(form.what);
  YamlNode root = reader.read(yaml + kEnd, "a second YAML document, or text behind the end of the first",
                              what + " is one document: remove the '---' between");
  if (!root.is_null() && !root.is_map()) {
    reader.error(root.position, what + " is a map of sections, not " + std::string(describe(root.kind)));
    root = YamlNode{};
  }
  root.kind = YamlNode::Kind::kMap;
  return root;
}

std::vector<YamlNode> read_yaml_documents(const std::string& yaml, const std::string& file, Diagnostics& diagnostics,
                                          const YamlForm& form) {
  Reader reader(file, diagnostics, form);
  std::vector<YamlNode> documents;
  const std::vector<std::string> texts = split_documents(yaml);
  if (texts.size() > kDocumentsMax) reader.error({}, "more than 1000 documents in one file");
  for (const auto& text : texts) {
    if (reader.failed()) return {};
    documents.push_back(reader.read(text + kEnd, "not valid YAML: text behind the end of the document", ""));
  }
  if (reader.failed()) return {};
  return documents;
}

}  // namespace weir
