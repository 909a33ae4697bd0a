#include "rules/yaml_reader.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "rules/yaml_rest.h"

namespace weir {
namespace {

// Far above the largest public rule (some 2,000 nodes); a chain of aliases passes it at once.
constexpr size_t kNodesMax = 200'000;

constexpr size_t kDocumentsMax = 1000;

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
  // Ends in a comment without a line break, because the library takes the end of a line for the end of an open quote.
  for (auto& text : texts)
    text.push_back('#');
  return texts;
}

class StrictCheck {
 public:
  explicit StrictCheck(Reporter& report) : report_(report) {}

  bool check(const YAML::Node& node, int line) {
    if (++nodes_ > kNodesMax) {
      report_.error(line, "the document has too many nodes");
      return false;
    }
    if (node.IsMap()) return check_map(node, line);
    if (!node.IsSequence()) return true;
    for (const auto& child : node)
      if (!check(child, line_of(child, line))) return false;
    return true;
  }

 private:
  bool check_map(const YAML::Node& node, int line) {
    std::unordered_set<std::string> keys;
    bool good = true;
    for (const auto& [key, value] : entries_of(node)) {
      const int key_line = line_of(key, line);
      if (!key.IsScalar()) {
        report_.error(key_line, "a key must be plain text");
        return false;
      }
      if (!keys.insert(key.Scalar()).second) {
        report_.error(key_line, "the key '" + key.Scalar() + "' stands twice",
                      "merge the two; YAML readers disagree on which one counts");
        good = false;
      }
      if (!check(value, line_of(value, key_line))) good = false;
      if (nodes_ > kNodesMax) return false;
    }
    return good;
  }

  Reporter& report_;
  size_t nodes_ = 0;
};

}  // namespace

void Reporter::add(Diagnostic::Severity severity, int line, std::string message, std::string hint) {
  if (severity == Diagnostic::Severity::kError) ++errors_;
  diagnostics_->push_back({severity, file_, line, 0, std::move(message), std::move(hint)});
}

int line_of(const YAML::Node& node, int fallback) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? fallback : mark.line + 1;
}

std::vector<YAML::Node> read_yaml_documents(const std::string& yaml, Reporter& report) {
  std::vector<YAML::Node> documents;
  try {
    const std::vector<std::string> texts = split_documents(yaml);
    if (texts.size() > kDocumentsMax) {
      report.error(0, "more than 1000 documents in one file");
      return {};
    }
    for (const auto& text : texts) {
      if (const int line = line_behind_first_document(text); line > 0) {
        report.error(line, "not valid YAML: text behind the end of the document");
        return {};
      }
      documents.push_back(YAML::Load(text));
      StrictCheck strict(report);
      if (!strict.check(documents.back(), line_of(documents.back(), 1))) return {};
    }
    return documents;
  } catch (const YAML::Exception& exception) {
    report.error(exception.mark.is_null() ? 0 : exception.mark.line + 1, "not valid YAML: " + exception.msg);
  }
  return {};
}

std::vector<std::pair<YAML::Node, YAML::Node>> entries_of(const YAML::Node& map) {
  std::vector<std::pair<YAML::Node, YAML::Node>> entries;
  for (const auto& entry : map)
    entries.emplace_back(entry.first, entry.second);
  return entries;
}

bool is_null(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return true;
  return node.IsScalar() && !is_quoted(node) &&
         (node.Scalar() == "~" || node.Scalar() == "null" || node.Scalar().empty());
}

bool is_quoted(const YAML::Node& node) {
  return node.Tag() == "!";
}

}  // namespace weir
