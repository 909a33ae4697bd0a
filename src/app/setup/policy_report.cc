#include "app/setup/policy_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace weir {
namespace {

/// Indices of the exclusions, the least used first: the dead ones are what a reader looks for.
std::vector<size_t> by_use(const Policy& policy) {
  std::vector<size_t> order(policy.spec().exclusions.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return policy.use().exclusion(a).uses < policy.use().exclusion(b).uses; });
  return order;
}

std::string position(const SourceLine& at) {
  return at.file + ":" + std::to_string(at.line);
}

}  // namespace

std::string name_of_exclusion(const ExclusionSpec& exclusion) {
  return "'" + exclusion.comment + "' (" + position(exclusion.at) + ")";
}

std::string name_of_route(const Route& route) {
  return route.name.empty() ? "the default route" : route.name;
}

std::vector<std::string> policy_use_lines(const Policy& policy, size_t lines_max) {
  std::vector<std::string> lines;
  for (const size_t index : by_use(policy)) {
    if (lines.size() == lines_max) break;
    const PolicyUse::Exclusion use = policy.use().exclusion(index);
    lines.push_back(
        "exclusion " + name_of_exclusion(policy.spec().exclusions[index]) + ": " +
        (use.last ? std::to_string(use.uses) + " uses, the last at " + format_rfc3339(*use.last) : "never used"));
  }
  const size_t exclusions = lines.size();
  for (size_t i = 0; i < policy.routes().size() && lines.size() - exclusions < lines_max; ++i) {
    const PolicyUse::Responses responses = policy.use().responses(i);
    if (responses.faulty == 0) continue;
    lines.push_back("response headers on " + name_of_route(policy.routes()[i]) + ": " +
                    describe_faults(responses.faults) + " (" + std::to_string(responses.faulty) + " of " +
                    std::to_string(responses.checked) + " responses)");
  }
  return lines;
}

nlohmann::ordered_json policy_use_json(const Policy& policy, size_t entries_max) {
  using Json = nlohmann::ordered_json;
  Json exclusions = Json::array(), routes = Json::array();
  for (const size_t index : by_use(policy)) {
    if (exclusions.size() == entries_max) break;
    const ExclusionSpec& exclusion = policy.spec().exclusions[index];
    const PolicyUse::Exclusion use = policy.use().exclusion(index);
    Json entry = {{"at", position(exclusion.at)}, {"comment", exclusion.comment}, {"uses", use.uses}};
    if (use.last) entry["last"] = format_rfc3339(*use.last);
    if (exclusion.expires) entry["expires"] = last_day_before(*exclusion.expires);
    exclusions.push_back(std::move(entry));
  }
  for (size_t i = 0; i < policy.routes().size() && routes.size() < entries_max; ++i) {
    const PolicyUse::Responses use = policy.use().responses(i);
    if (use.faulty == 0) continue;
    Json faults = Json::array();
    for (unsigned bit = 0; bit < kResponseFaults; ++bit)
      if ((use.faults >> bit & 1U) != 0) faults.push_back(to_string(static_cast<ResponseFault>(1U << bit)));
    routes.push_back({{"route", name_of_route(policy.routes()[i])},
                      {"checked", use.checked},
                      {"faulty", use.faulty},
                      {"faults", faults}});
  }
  return {{"routes", policy.routes().size() - 1}, {"exclusions", exclusions}, {"responses", routes}};
}

Diagnostics expired_exclusions(const Policy& policy, EventTime now) {
  Diagnostics warnings;
  for (const ExclusionSpec& exclusion : policy.spec().exclusions) {
    if (!exclusion.expires || *exclusion.expires > now) continue;
    warnings.push_back({Diagnostic::Severity::kWarning, exclusion.at.file, exclusion.at.line, exclusion.at.column,
                        "this exclusion no longer holds: its last day was " + last_day_before(*exclusion.expires) +
                            " (" + exclusion.comment + ")",
                        "take it out, or give it a later date"});
  }
  return warnings;
}

}  // namespace weir
