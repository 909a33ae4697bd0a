#include "rules/rule_reader.h"

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "rules/condition.h"
#include "rules/detection_item.h"
#include "rules/weir_section.h"
#include "yaml/yaml_values.h"

namespace weir {
namespace {

constexpr size_t kTitleBytesMax = 256;
constexpr size_t kSelectionsMax = 1000;

DetectionMap read_map(const YamlNode& node, int line, Reporter& report) {
  DetectionMap map;
  if (node.entries.empty()) report.error(line, "an empty map would match every request");
  for (const auto& [key, at, value] : node.entries)
    read_detection_item(key, value, at.line, map.items, report);
  return map;
}

Selection read_selection(const std::string& name, const YamlNode& node, int line, Reporter& report) {
  Selection selection{name, {}, line};
  const auto add = [&](const YamlNode& element) {
    const int element_line = element.position.line;
    if (element.is_map())
      selection.alternatives.push_back(read_map(element, element_line, report));
    else if (element.is_scalar())
      selection.alternatives.push_back({{read_keyword(element, element_line, report)}});
    else
      report.error(element_line, "a selection holds maps or keywords");
  };
  if (node.is_list()) {
    if (node.items.empty()) report.error(line, "the selection '" + name + "' is empty");
    for (const auto& element : node.items)
      add(element);
  } else {
    add(node);
  }
  return selection;
}

/// Reads the parts of a rule one after the other.
class RuleReader {
 public:
  RuleReader(const YamlNode& document, Reporter& report) : document_(document), report_(report) {}

  std::optional<Rule> read() {
    const size_t errors_before = report_.errors();
    rule_.file = report_.file();
    rule_.line = document_.position.line;
    const YamlNode* detection = nullptr;
    const YamlNode* section = nullptr;
    int section_line = 0;
    for (const auto& [key, at, value] : document_.entries) {
      const int line = at.line;
      if (key == "detection") {
        detection = &value;
        detection_line_ = line;
      } else if (key == "weir") {
        section = &value;
        section_line = line;
      } else {
        read_key(key, value, line);
      }
    }
    if (rule_.title.empty()) report_.error(rule_.line, "the rule has no title");
    if (rule_.id.empty())
      report_.error(rule_.line, "the rule has no id", "a UUID; alerts and exclusions name rules by it");
    if (!has_logsource_) report_.error(rule_.line, "the rule has no logsource");
    read_detection(detection);
    if (section != nullptr)
      read_weir_section(*section, section_line, rule_, report_);
    else
      derive_weir_section(rule_);
    if (report_.errors() != errors_before) return std::nullopt;
    return std::move(rule_);
  }

 private:
  void read_key(const std::string& key, const YamlNode& value, int line) {
    if (key == "title")
      read_title(text_of(value, key, line, report_), line);
    else if (key == "id")
      read_id(text_of(value, key, line, report_), line);
    else if (key == "level")
      read_level(text_of(value, key, line, report_), line);
    else if (key == "status")
      read_status(text_of(value, key, line, report_), line);
    else if (key == "description")
      rule_.description = text_of(value, key, line, report_);
    else if (key == "author")
      rule_.author = text_of(value, key, line, report_);
    else if (key == "date")
      rule_.date = text_of(value, key, line, report_);
    else if (key == "references")
      rule_.references = texts_of(value, key, line, report_);
    else if (key == "tags")
      read_tags(value, line);
    else if (key == "falsepositives")
      rule_.false_positives = texts_of(value, key, line, report_);
    else if (key == "logsource")
      read_logsource(value, line);
    else if (key == "name")
      rule_.name = text_of(value, key, line, report_);
    else if (!is_optional_key(key))
      report_.warning(line, "the specification has no key '" + key + "'");
  }

  static bool is_optional_key(const std::string& key) {
    static constexpr std::array<std::string_view, 8> kKeys = {
        "related", "modified", "license", "fields", "scope", "taxonomy", "simulation", "regression_tests_path"};
    return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
  }

  void read_title(std::string text, int line) {
    if (text.size() > kTitleBytesMax) report_.error(line, "the title is longer than 256 bytes");
    rule_.title = std::move(text);
  }

  void read_id(std::string text, int line) {
    if (!is_uuid(text)) report_.error(line, "the id '" + text + "' is no UUID");
    rule_.id = std::move(text);
  }

  void read_level(const std::string& text, int line) {
    if (const auto level = from_name<Level>(text))
      rule_.level = *level;
    else
      report_.error(line, "unknown level '" + text + "'", "informational, low, medium, high, critical");
  }

  void read_status(const std::string& text, int line) {
    static constexpr std::array<std::string_view, 5> kStatuses = {"stable", "test", "experimental", "deprecated",
                                                                  "unsupported"};
    if (std::find(kStatuses.begin(), kStatuses.end(), text) == kStatuses.end())
      report_.error(line, "unknown status '" + text + "'", "stable, test, experimental, deprecated, unsupported");
    rule_.status = text;
  }

  void read_tags(const YamlNode& value, int line) {
    rule_.tags = texts_of(value, "tags", line, report_);
    for (const auto& tag : rule_.tags)
      if (tag.find('.') == std::string::npos)
        report_.warning(line, "the tag '" + tag + "' has no namespace", "as in attack.t1190");
  }

  void read_logsource(const YamlNode& value, int line) {
    has_logsource_ = true;
    if (!value.is_map() || value.entries.empty())
      return report_.error(line, "'logsource' must be a map with a category, product or service");
    for (const auto& [key, at, node] : value.entries) {
      const int key_line = at.line;
      if (key == "category")
        rule_.logsource_category = text_of(node, key, key_line, report_);
      else if (key == "product")
        rule_.logsource_product = text_of(node, key, key_line, report_);
      else if (key == "service")
        rule_.logsource_service = text_of(node, key, key_line, report_);
    }
    if (!rule_.logsource_category.empty() && rule_.logsource_category != "webserver" &&
        rule_.logsource_category != "proxy")
      report_.warning(line, "the log source category '" + rule_.logsource_category + "' is not HTTP requests",
                      "webserver or proxy");
  }

  void read_detection(const YamlNode* detection) {
    if (detection == nullptr) return report_.error(rule_.line, "the rule has no detection");
    if (!detection->is_map()) return report_.error(detection_line_, "'detection' must be a map");
    rule_.selections = read_selections(*detection, SelectionsOf::kRule, report_);
    read_conditions(*detection);
  }

  void read_conditions(const YamlNode& detection) {
    const YamlNode* condition = nullptr;
    int line = 0;
    for (const auto& [key, at, value] : detection.entries) {
      if (key != "condition") continue;
      condition = &value;
      line = at.line;
    }
    if (condition == nullptr) return report_.error(detection_line_, "the detection has no condition");
    const std::vector<std::string> texts = texts_of(*condition, "condition", line, report_);
    if (texts.empty()) report_.error(line, "the condition is empty");
    std::vector<bool> used(rule_.selections.size());
    for (const auto& text : texts) {
      ConditionError error;
      auto tree = parse_condition(text, rule_.selections, error);
      if (!tree) return report_.error(line, error.message, error.hint);
      mark_used(*tree, used);
      rule_.conditions.push_back(std::move(*tree));
    }
    for (size_t i = 0; i < used.size(); ++i)
      if (!used[i])
        report_.warning(rule_.selections[i].line, "no condition uses the selection '" + rule_.selections[i].name + "'");
  }

  const YamlNode& document_;
  Reporter& report_;
  Rule rule_;
  bool has_logsource_ = false;
  int detection_line_ = 0;
};

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

std::vector<Selection> read_selections(const YamlNode& detection, SelectionsOf owner, Reporter& report) {
  std::vector<Selection> selections;
  for (const auto& [key, at, value] : detection.entries) {
    const std::string& name = key;
    const int line = at.line;
    if (name == "condition" || (name == "rules" && owner == SelectionsOf::kFilter)) continue;
    if (name == "timeframe") {
      report.error(line, "'timeframe' belongs to aggregations, which Sigma 2 has no longer");
      continue;
    }
    if (name.empty() || name.find_first_of(" \t()|*") != std::string::npos)
      report.error(line, "'" + name + "' cannot be the name of a selection");
    else
      selections.push_back(read_selection(name, value, line, report));
  }
  if (selections.empty()) report.error(detection.position.line, "the detection has no selection");
  if (selections.size() > kSelectionsMax)
    report.error(detection.position.line, "the detection has more than 1000 selections");
  return selections;
}

std::optional<Rule> read_rule(const YamlNode& document, Reporter& report) {
  return RuleReader(document, report).read();
}

}  // namespace weir
