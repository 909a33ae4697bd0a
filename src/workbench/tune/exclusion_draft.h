#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/enum_names.h"
#include "policy/policy.h"

namespace weir {

/// A rule's hit that was a false alarm: where it was, and in whose request.
struct FalseHit {
  std::string rule;       ///< its id
  PlaceMask places = 0;   ///< of kExclusionPlaces; 0: it cannot be named, so its exclusion is for the whole record
  std::string parameter;  ///< empty: none, or its name was masked
  std::string method, host, path;
  std::string client;   ///< its address or id, as alerts show it
  std::string comment;  ///< which false alarm it was
};

/// What an exclusion keeps the rule from seeing.
enum class ExclusionWidth : uint8_t {
  kClientParameter,  ///< the parameter and place on the route, of the client
  kParameter,        ///< the parameter and place on the route
  kRoute,            ///< requests on the route
  kHost,             ///< requests to the host that no route of the policy takes
  kCount
};
template <>
inline constexpr auto kNamesOf<ExclusionWidth> = std::to_array<std::string_view>({"client and parameter", "parameter",
                                                                                  "route", "host"});

/// The exclusions that keep hits from coming again.
class ExclusionDraft {
 public:
  /// `policy` may be null; its routes are used where a request takes one of them. Others get a route of their own, with `{id}` for what is an
  /// id or was masked. `expires` is the first moment at which they no longer hold.
  ExclusionDraft(std::shared_ptr<const Policy> policy, ExclusionWidth width, EventTime expires)
      : policy_(std::move(policy)), width_(width), expires_(expires) {}

  void add(const FalseHit& hit);

  [[nodiscard]] ExclusionWidth width() const { return width_; }
  /// New routes and exclusions: what is to be added to the policy.
  [[nodiscard]] const PolicySpec& spec() const { return spec_; }

 private:
  using Where = std::tuple<std::string, std::string, PlaceMask, std::string>;  ///< route, parameter, places, client

  std::string route_of(const FalseHit& hit);

  std::shared_ptr<const Policy> policy_;
  ExclusionWidth width_;
  EventTime expires_;
  PolicySpec spec_;
  std::set<std::string> new_routes_;
  std::map<Where, size_t> exclusions_;  ///< into spec_.exclusions
};

/// The places by which an exclusion can name a place; none: it cannot.
constexpr PlaceMask exclusion_places_of(Place place) {
  return mask_of(place) & kExclusionPlaces;
}

}  // namespace weir
