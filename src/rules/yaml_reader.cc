#include "rules/yaml_reader.h"

#include <unordered_set>

namespace weir {
namespace {

// Far above the largest public rule (some 2,000 nodes); a chain of aliases passes it at once.
constexpr size_t kNodesMax = 200'000;

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
        report_.error(key_line, "the key '" + key.Scalar() + "' stands twice", "merge the two; YAML readers disagree on which one counts");
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
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    StrictCheck strict(report);
    for (const auto& document : documents)
      if (!strict.check(document, line_of(document, 1))) return {};
    return documents;
  } catch (const YAML::Exception& exception) {
    report.error(exception.mark.is_null() ? 0 : exception.mark.line + 1, "not valid YAML: " + exception.msg);
  }
  return {};
}

std::vector<std::pair<YAML::Node, YAML::Node>> entries_of(const YAML::Node& map) {
  std::vector<std::pair<YAML::Node, YAML::Node>> entries;
  for (const auto& entry : map) entries.emplace_back(entry.first, entry.second);
  return entries;
}

bool is_null(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return true;
  return node.IsScalar() && !is_quoted(node) && (node.Scalar() == "~" || node.Scalar() == "null" || node.Scalar().empty());
}

bool is_quoted(const YAML::Node& node) { return node.Tag() == "!"; }

}  // namespace weir
