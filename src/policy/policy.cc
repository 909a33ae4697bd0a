#include "policy/policy.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace weir {

const ParameterSpec* Route::find(Place place, std::string_view parameter) const {
  auto at = std::lower_bound(parameters.begin(), parameters.end(), parameter,
                             [](const ParameterSpec& known, std::string_view wanted) { return known.name < wanted; });
  for (; at != parameters.end() && at->name == parameter; ++at)
    if ((at->places & mask_of(place)) != 0) return &*at;
  return nullptr;
}

const ParameterSpec* Route::covering(Place place, std::string_view parameter) const {
  while (true) {
    if (const ParameterSpec* found = find(place, parameter); found != nullptr) return found;
    const size_t bracket = parameter.rfind('[');
    if (bracket == std::string_view::npos || bracket == 0) return nullptr;
    parameter = parameter.substr(0, bracket);
  }
}

namespace {

/// All that decides what an exclusion takes away, but for its date.
std::string identity_of(const ExclusionSpec& exclusion) {
  std::string identity = exclusion.route + '\n' + exclusion.parameter + '\n' + std::to_string(exclusion.places);
  for (const auto* texts : {&exclusion.rules, &exclusion.clients.as_written}) {
    identity += '\n';
    for (const std::string& text : *texts)
      identity += text + '\t';
  }
  return identity;
}

}  // namespace

void Policy::continue_counts(const Policy& before) const {
  std::multimap<std::string, size_t> known;
  for (size_t i = 0; i < before.spec_.exclusions.size(); ++i)
    known.emplace(identity_of(before.spec_.exclusions[i]), i);
  for (size_t i = 0; i < spec_.exclusions.size(); ++i) {
    const auto same = known.find(identity_of(spec_.exclusions[i]));
    if (same == known.end()) continue;
    use_->count_with(i, before.use(), same->second);
    known.erase(same);
  }
}

uint32_t Policy::route_of(const Event& event, RequestPath& path) const {
  path.split(event.path);
  const uint32_t found = table_.find(event.method, event.host, path);
  return found == RouteTable::kNone ? 0 : found + 1;
}

}  // namespace weir
