#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "event/event.h"
#include "policy/policy_spec.h"
#include "policy/policy_use.h"
#include "policy/request_path.h"
#include "policy/route_table.h"

namespace weir {

/// One route with everything in effect on it: its own settings, else the policy's, else the built-in ones.
struct Route {
  std::string name;  ///< empty: the default route
  SecurityLevel level = SecurityLevel::kStandard;
  uint32_t url_bytes_max = PolicySpec::kUrlBytesMax;
  uint64_t request_bytes_max = PolicySpec::kRequestBytesMax;
  std::vector<std::string> allowed_methods;
  std::vector<std::string> content_types;  ///< in lower case
  std::optional<CsrfSpec> csrf;
  std::optional<ClientSet> admin;
  std::vector<ParameterSpec> parameters;  ///< sorted by name; header names in lower case
  /// Names of the pattern's {segments}, by position; empty for the others.
  std::vector<std::string> path_names;
  std::vector<uint32_t> exclusions;     ///< into the policy's, those that can hold here
  Level alert = Level::kInformational;  ///< of a violation; informational: none by itself
  bool response_headers = true;
  bool unknown_parameters = true;
  bool checks_values = false;    ///< some parameter is required or has a form, or unknown ones count
  bool requires_values = false;  ///< some parameter is required
  PlaceMask checked_places = 0;  ///< of parameters that are required or have a form
  PlaceMask level_places = 0;    ///< of parameters that have a level of their own

  /// The parameter that a name in a place belongs to: the one of that name, or of a name that it is inside of
  /// ("filter[a][b]" is inside "filter[a]" and "filter"). Null when there is none.
  [[nodiscard]] const ParameterSpec* covering(Place place, std::string_view parameter) const;
  /// The one of exactly that name.
  [[nodiscard]] const ParameterSpec* find(Place place, std::string_view parameter) const;
};

/// Routes, limits, forms of parameters and exclusions, compiled. Immutable but for the counts in use(); shared by all lanes.
class Policy {
 public:
  static constexpr size_t kRoutesMax = 10'000;
  static constexpr size_t kParametersMax = 256;  ///< of one route
  static constexpr size_t kExclusionsMax = 10'000;

  /// `base_level` is what a route has on which nothing else is said. Every error goes to the diagnostics, with file and line.
  static Result<std::shared_ptr<const Policy>> compile(PolicySpec spec, SecurityLevel base_level,
                                                       Diagnostics& diagnostics);

  /// The route that a request takes: an index into routes(); 0, the default route, when it fits none. `path` is scratch, and
  /// holds the request's segments afterwards. Does not allocate.
  [[nodiscard]] uint32_t route_of(const Event& event, RequestPath& path) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] const PolicySpec& spec() const { return spec_; }
  [[nodiscard]] int weight_of(PolicyRule rule) const { return spec_.weights[static_cast<size_t>(rule)]; }
  /// Whether some exclusion asks who the client is.
  [[nodiscard]] bool needs_client() const { return needs_client_; }
  /// Bit i: SecurityLevel i is in effect somewhere.
  [[nodiscard]] uint8_t levels() const { return levels_; }
  [[nodiscard]] PolicyUse& use() const { return *use_; }

  /// For a reload: exclusions that take away the same as one of `before` go on with its count, whatever their comments and
  /// dates say. To be called before records are judged by this policy.
  void continue_counts(const Policy& before) const;

 private:
  explicit Policy(PolicySpec spec) : spec_(std::move(spec)) {}

  PolicySpec spec_;
  std::vector<Route> routes_;
  RouteTable table_;
  std::unique_ptr<PolicyUse> use_;
  uint8_t levels_ = 0;
  bool needs_client_ = false;

  friend class PolicyCompiler;
};

}  // namespace weir
