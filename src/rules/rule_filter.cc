#include "rules/rule_filter.h"

#include <algorithm>

#include "rules/condition.h"
#include "rules/rule_reader.h"

namespace weir {
namespace {

void read_rule_names(const YAML::Node& node, int line, RuleFilter& filter, Reporter& report) {
  if (node.IsScalar() && node.Scalar() == "any") {
    filter.any_rule = true;
    return;
  }
  if (node.IsSequence())
    for (const auto& name : node)
      if (name.IsScalar()) filter.rules.push_back(name.Scalar());
  if (filter.rules.empty()) report.error(line, "'rules' of a filter must be a list of rule ids, or 'any'");
}

void read_filter_map(const YAML::Node& map, int line, RuleFilter& filter, Reporter& report) {
  if (!map.IsMap()) return report.error(line, "'filter' must be a map with rules, selections and a condition");
  filter.selections = read_selections(map, SelectionsOf::kFilter, report);
  int rules_line = 0;
  YAML::Node condition;
  for (const auto& [key, value] : entries_of(map)) {
    if (key.Scalar() == "rules") read_rule_names(value, rules_line = line_of(key, line), filter, report);
    if (key.Scalar() == "condition") condition.reset(value);
  }
  if (rules_line == 0) report.error(line, "the filter names no rules", "rules: a list of ids, or any");
  if (!condition.IsScalar()) return report.error(line, "the filter has no condition");
  ConditionError error;
  auto tree = parse_condition(condition.Scalar(), filter.selections, error);
  if (!tree) return report.error(line_of(condition, line), error.message, error.hint);
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
  rule.selections.insert(rule.selections.end(), filter.selections.begin(), filter.selections.end());
  for (auto& condition : rule.conditions) {
    ConditionNode both{ConditionNode::Kind::kAnd, 0, 0, {}};
    both.children.push_back(std::move(condition));
    both.children.push_back(added);
    condition = std::move(both);
  }
}

}  // namespace

std::optional<RuleFilter> read_filter(const YAML::Node& document, Reporter& report) {
  const size_t errors_before = report.errors();
  RuleFilter filter;
  filter.file = report.file();
  filter.line = line_of(document, 1);
  for (const auto& [key_node, value] : entries_of(document)) {
    const int line = line_of(key_node, filter.line);
    if (key_node.Scalar() == "filter") read_filter_map(value, line, filter, report);
    if (key_node.Scalar() == "detection") report.error(line, "a document is a rule or a filter, not both");
    if (key_node.Scalar() != "logsource" || !value.IsMap()) continue;
    for (const auto& [name, text] : entries_of(value))
      if (name.Scalar() == "category" && text.IsScalar()) filter.logsource_category = text.Scalar();
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
