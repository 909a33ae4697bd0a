#include "rules/rule_filter.h"

#include <algorithm>

#include "rules/condition.h"
#include "rules/rule_reader.h"

namespace weir {
namespace {

void read_rule_names(const YamlNode& node, int line, RuleFilter& filter, Reporter& report) {
  if (node.is_scalar() && node.text == "any") {
    filter.any_rule = true;
    return;
  }
  if (node.is_list())
    for (const auto& name : node.items)
      if (name.is_scalar()) filter.rules.push_back(name.text);
  if (filter.rules.empty()) report.error(line, "'rules' of a filter must be a list of rule ids, or 'any'");
}

void read_filter_map(const YamlNode& map, int line, RuleFilter& filter, Reporter& report) {
  if (!map.is_map()) return report.error(line, "'filter' must be a map with rules, selections and a condition");
  filter.selections = read_selections(map, SelectionsOf::kFilter, report);
  int rules_line = 0;
  const YamlNode* condition = nullptr;
  for (const auto& [key, at, value] : map.entries) {
    if (key == "rules") read_rule_names(value, rules_line = at.line, filter, report);
    if (key == "condition") condition = &value;
  }
  if (rules_line == 0) report.error(line, "the filter names no rules", "rules: a list of ids, or any");
  if (condition == nullptr || !condition->is_scalar()) return report.error(line, "the filter has no condition");
  ConditionError error;
  auto tree = parse_condition(condition->text, filter.selections, error);
  if (!tree) return report.error(condition->position.line, error.message, error.hint);
  filter.condition = std::move(*tree);
}

void shift_selections(ConditionNode& node, uint32_t by) {
  if (node.kind == ConditionNode::Kind::kSelection) node.selection += by;
  for (auto& child : node.children)
    shift_selections(child, by);
}

void apply(const RuleFilter& filter, Rule& rule) {
  ConditionNode added = filter.condition;
  shift_selections(added, static_cast<uint32_t>(rule.selections.size()));
  for (Selection selection : filter.selections) {
    selection.of_filter = true;
    rule.selections.push_back(std::move(selection));
  }
  for (auto& condition : rule.conditions) {
    ConditionNode both{ConditionNode::Kind::kAnd, 0, 0, {}};
    both.children.push_back(std::move(condition));
    both.children.push_back(added);
    condition = std::move(both);
  }
}

}  // namespace

std::optional<RuleFilter> read_filter(const YamlNode& document, Reporter& report) {
  const size_t errors_before = report.errors();
  RuleFilter filter;
  filter.file = report.file();
  filter.line = document.position.line;
  for (const auto& [key, at, value] : document.entries) {
    const int line = at.line;
    if (key == "filter") read_filter_map(value, line, filter, report);
    if (key == "detection") report.error(line, "a document is a rule or a filter, not both");
    if (key != "logsource" || !value.is_map()) continue;
    for (const auto& [name, name_at, text] : value.entries)
      if (name == "category" && text.is_scalar()) filter.logsource_category = text.text;
  }
  if (report.errors() != errors_before) return std::nullopt;
  return filter;
}

void apply_filters(const std::vector<RuleFilter>& filters, std::vector<Rule>& rules, Diagnostics& diagnostics) {
  for (const auto& filter : filters) {
    const auto fits = [&](const Rule& rule) {
      return filter.logsource_category.empty() || filter.logsource_category == rule.logsource_category;
    };
    if (filter.any_rule)
      for (auto& rule : rules)
        if (fits(rule)) apply(filter, rule);
    for (const auto& name : filter.rules) {
      const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& candidate) {
        return candidate.id == name || candidate.title == name;
      });
      if (rule != rules.end() && fits(*rule))
        apply(filter, *rule);
      else
        diagnostics.push_back({Diagnostic::Severity::kError,
                               filter.file,
                               filter.line,
                               0,
                               rule == rules.end() ? "the filter names the rule '" + name + "', which is not loaded"
                                                   : "the filter's log source is not that of the rule '" + name + "'",
                               {}});
    }
  }
}

}  // namespace weir
