#include "policy/policy.h"

#include <algorithm>

namespace weir {

const ParameterSpec* Route::find(Place place, std::string_view parameter) const {
  auto at = std::lower_bound(parameters.begin(), parameters.end(), parameter,
                             [](const ParameterSpec& one, std::string_view wanted) { return one.name < wanted; });
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

uint32_t Policy::route_of(const Event& event, RequestPath& path) const {
  path.split(event.path);
  const uint32_t found = table_.find(event.method, event.host, path);
  return found == RouteTable::kNone ? 0 : found + 1;
}

}  // namespace weir
