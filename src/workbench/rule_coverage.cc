#include "workbench/rule_coverage.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr std::string_view kTechniqueTag = "attack.t";

void take(RuleCoverage& coverage, const std::string& title, const std::vector<std::string>& tags, size_t examples) {
  ++coverage.rules;
  bool is_tagged = false;
  for (const std::string& tag : tags) {
    const std::string id = technique_in(tag);
    if (id.empty()) continue;
    is_tagged = true;
    RuleCoverage::Technique& technique = coverage.techniques[id];
    technique.titles.push_back(title);
    technique.examples += examples;
  }
  if (!is_tagged) coverage.untagged.push_back(title);
}

std::string joined(const std::vector<std::string>& titles) {
  std::string text;
  for (const std::string& title : titles)
    text += (text.empty() ? "" : "; ") + title;
  return text;
}

}  // namespace

std::string technique_in(std::string_view tag) {
  if (!tag.starts_with(kTechniqueTag)) return {};
  const std::string_view number = tag.substr(kTechniqueTag.size());
  const bool is_number =
      std::all_of(number.begin(), number.end(), [](char c) { return is_ascii_digit(c) || c == '.'; });
  return number.empty() || !is_ascii_digit(number.front()) || !is_number ? std::string() : "T" + std::string(number);
}

RuleCoverage coverage_of(const std::vector<Rule>& rules, const std::vector<Correlation>& correlations) {
  RuleCoverage coverage;
  for (const Rule& rule : rules)
    take(coverage, rule.title, rule.tags, rule.positive_examples.size());
  for (const Correlation& correlation : correlations)
    take(coverage, correlation.title, correlation.tags, 0);
  return coverage;
}

std::string to_navigator_layer(const RuleCoverage& coverage) {
  size_t most = 1;
  nlohmann::ordered_json techniques = nlohmann::ordered_json::array();
  for (const auto& [id, technique] : coverage.techniques) {
    most = std::max(most, technique.titles.size());
    const bool is_sub = id.find('.') != std::string::npos;
    techniques.push_back({{"techniqueID", id},
                          {"score", technique.titles.size()},
                          {"comment", joined(technique.titles)},
                          {"enabled", true},
                          {"showSubtechniques", !is_sub},
                          {"metadata",
                           {{{"name", "rules"}, {"value", std::to_string(technique.titles.size())}},
                            {{"name", "examples"}, {"value", std::to_string(technique.examples)}}}}});
  }
  const nlohmann::ordered_json layer{
      {"name", "weir"},
      {"versions", {{"attack", "16"}, {"navigator", "5.1.0"}, {"layer", "4.5"}}},
      {"domain", "enterprise-attack"},
      {"description", "Techniques that " + std::to_string(coverage.rules) +
                          " rules of weir look for in HTTP request logs; the score is the number of rules."},
      {"sorting", 3},
      {"hideDisabled", false},
      {"techniques", techniques},
      {"gradient", {{"colors", {"#e8f1fa", "#1f6fb4"}}, {"minValue", 0}, {"maxValue", most}}}};
  return layer.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir
