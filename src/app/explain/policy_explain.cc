#include "app/explain/policy_explain.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/setup/policy_report.h"

namespace weir {
namespace {

void print_line_levels(const Route& route, const DecodedRecord& record, const Masker& masker) {
  if (route.level_places == 0) return;
  std::vector<SecurityLevel> levels;
  find_line_levels(route, record, levels);
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] == route.level) continue;
    const Line& line = record.lines[i];
    std::printf("  %-14s %s: %s %s\n", "level", std::string(to_string(levels[i])).c_str(),
                std::string(to_string(line.place)).c_str(), printable(masker.text(record.name_of(line))).c_str());
  }
}

std::string described(const Violation& violation, const Masker& masker) {
  std::string text(info_of(violation.rule).title);
  if (!violation.parameter.empty()) text += ", " + printable(masker.text(violation.parameter));
  return text + ": " + std::string(violation.fault);
}

}  // namespace

void print_policy_findings(const Palette& palette, const Policy& policy, const JudgedRecord& record,
                           const RuleSet& rules, const Masker& masker) {
  const PolicyFindings& findings = record.policy;
  const Route& route = policy.routes()[findings.route];
  std::printf("\n%s\n", palette.bold("Policy").c_str());
  std::printf("  %-14s %s\n", "route", name_of_route(route).c_str());
  std::printf("  %-14s %s\n", "level", std::string(to_string(route.level)).c_str());
  print_line_levels(route, record.decoded, masker);
  for (const Violation& violation : findings.violations) {
    std::printf("  %s %s  %s\n", palette.yellow("+" + std::to_string(policy.weight_of(violation.rule))).c_str(),
                described(violation, masker).c_str(), palette.dim(std::string(info_of(violation.rule).id)).c_str());
  }
  if (findings.violations_left_out) std::printf("  %-14s more violations than are kept of one record\n", "left out");
  const auto because = [&](uint32_t exclusion) {
    return palette.cyan("   [excluded: " + printable(name_of_exclusion(policy.spec().exclusions[exclusion])) + "]");
  };
  for (const ExcludedHit& excluded : record.detection.excluded) {
    const RuleInfo& rule = rules.rules()[excluded.hit.rule];
    std::printf("  0 %s  %s%s\n", rule.title.c_str(), palette.dim(rule.id).c_str(),
                because(findings.exclusion_of(excluded)).c_str());
  }
  for (const auto& excluded : findings.excluded)
    std::printf("  0 %s%s\n", described(excluded.violation, masker).c_str(), because(excluded.exclusion).c_str());
  if (findings.response_faults != 0)
    std::printf("  %-14s %s\n", "response", describe_faults(findings.response_faults).c_str());
}

nlohmann::ordered_json policy_findings_json(const Policy& policy, const JudgedRecord& record, const RuleSet& rules,
                                            const Masker& masker) {
  using Json = nlohmann::ordered_json;
  const PolicyFindings& findings = record.policy;
  const Route& route = policy.routes()[findings.route];
  const auto violation_json = [&](const Violation& violation) -> Json {
    return {{"rule", info_of(violation.rule).id},
            {"place", to_string(violation.place)},
            {"parameter", masker.text(violation.parameter)},
            {"fault", violation.fault}};
  };
  const auto because = [&](uint32_t exclusion) { return name_of_exclusion(policy.spec().exclusions[exclusion]); };
  Json json = {{"route", name_of_route(route)}, {"level", to_string(route.level)}};
  json["violations"] = Json::array();
  for (const Violation& violation : findings.violations) {
    json["violations"].push_back(violation_json(violation));
    json["violations"].back()["weight"] = policy.weight_of(violation.rule);
  }
  json["violations_left_out"] = findings.violations_left_out;
  json["excluded"] = Json::array();
  for (const ExcludedHit& excluded : record.detection.excluded)
    json["excluded"].push_back(
        {{"rule", rules.rules()[excluded.hit.rule].id}, {"because", because(findings.exclusion_of(excluded))}});
  for (const auto& excluded : findings.excluded) {
    json["excluded"].push_back(violation_json(excluded.violation));
    json["excluded"].back()["because"] = because(excluded.exclusion);
  }
  json["response_headers"] = Json::array();
  for (unsigned bit = 0; bit < kResponseFaults; ++bit)
    if ((findings.response_faults >> bit & 1U) != 0)
      json["response_headers"].push_back(to_string(static_cast<ResponseFault>(1U << bit)));
  return json;
}

}  // namespace weir
