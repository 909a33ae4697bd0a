#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/diagnostic.h"
#include "base/time.h"
#include "policy/policy.h"

namespace weir {

/// What came of a policy so far, one sentence a line: for each exclusion how often it was used (dead ones too), for each route
/// the faults of its response headers. At most `lines_max` of each kind, the least used exclusions first.
std::vector<std::string> policy_use_lines(const Policy& policy, size_t lines_max);

/// The same for the admin API: {"routes": 7, "exclusions": [{"at", "comment", "uses", "last"}], "responses": [{"route",
/// "checked", "faulty", "faults"}]}, at most `entries_max` each.
nlohmann::ordered_json policy_use_json(const Policy& policy, size_t entries_max);

/// A warning for each exclusion that no longer holds at `now`.
Diagnostics expired_exclusions(const Policy& policy, EventTime now);

/// How a message names an exclusion: where it stands and its comment.
std::string name_of_exclusion(const ExclusionSpec& exclusion);

/// How a message names a route: its name, or "the default route".
std::string name_of_route(const Route& route);

}  // namespace weir
