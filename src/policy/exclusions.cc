#include "policy/exclusions.h"

#include <algorithm>

namespace weir {
namespace {

/// The name itself or, for structured values, what is inside of it: "filter" covers "filter[a][b]".
bool covers(std::string_view parameter, std::string_view name) {
  return name.starts_with(parameter) && (name.size() == parameter.size() || name[parameter.size()] == '[');
}

bool in_places(PlaceMask places, Place place) {
  return places == 0 || (places & mask_of(place)) != 0;
}

}  // namespace

bool holds(const ExclusionSpec& exclusion, const RecordFacts& facts) {
  if (exclusion.expires && facts.time >= *exclusion.expires) return false;
  return exclusion.clients.empty() || exclusion.clients.contains(facts.address, facts.client_id);
}

size_t find_exclusions(const Policy& policy, const Route& route, const DecodedRecord& record, const RecordFacts& facts,
                       std::vector<AppliedExclusion>& out) {
  size_t left_out = 0;
  const auto add = [&](const AppliedExclusion& applied) {
    if (out.size() < kAppliedMax)
      out.push_back(applied);
    else
      ++left_out;
  };
  for (const uint32_t index : route.exclusions) {
    const ExclusionSpec& exclusion = policy.spec().exclusions[index];
    if (!holds(exclusion, facts)) continue;
    if (exclusion.parameter.empty() && exclusion.places == 0) {
      add({index, AppliedExclusion::kWholeRecord});
      continue;
    }
    for (uint32_t i = 0; i < record.lines.size(); ++i) {
      const Line& line = record.lines[i];
      const bool named = exclusion.parameter.empty() || covers(exclusion.parameter, record.name_of(line));
      if (named && in_places(exclusion.places, line.place)) add({index, i});
    }
  }
  return left_out;
}

bool excludes(const ExclusionSpec& exclusion, const Violation& violation) {
  const bool of_rule = std::any_of(exclusion.rules.begin(), exclusion.rules.end(), [&](std::string_view rule) {
    return rule == "*" || rule == info_of(violation.rule).id;
  });
  if (!of_rule || !in_places(exclusion.places, violation.place)) return false;
  return exclusion.parameter.empty() || covers(exclusion.parameter, violation.parameter);
}

void find_line_levels(const Route& route, const DecodedRecord& record, std::vector<SecurityLevel>& out) {
  std::optional<SecurityLevel> path_level;
  for (const ParameterSpec& parameter : route.parameters) {
    if (parameter.level && (parameter.places & mask_of(Place::kPath)) != 0)
      path_level = std::max(path_level.value_or(SecurityLevel::kPermissive), *parameter.level);
  }
  out.assign(record.lines.size(), route.level);
  for (size_t i = 0; i < record.lines.size(); ++i) {
    const Line& line = record.lines[i];
    if ((route.level_places & mask_of(line.place)) == 0) continue;
    if (line.place == Place::kPath) {
      out[i] = path_level.value_or(route.level);
    } else if (const ParameterSpec* parameter = route.covering(line.place, record.name_of(line));
               parameter != nullptr && parameter->level) {
      out[i] = *parameter->level;
    }
  }
}

}  // namespace weir
