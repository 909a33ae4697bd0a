#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "app/alerts/alert_view.h"
#include "policy/policy.h"

namespace weir {

/// The exclusions that keep the hits of alerts from coming again, as narrow as an alert allows: the rule, where it hit
/// (parameter and place), and the route of the request.
class AlertExclusions {
 public:
  struct Scope {
    std::vector<std::string> rules;  ///< only hits of these; empty: of all that have a weight
    bool of_client = false;          ///< only for the alert's client
    std::string comment;             ///< empty: says which alert
    EventTime expires{};             ///< the first moment at which they no longer hold
  };

  /// `policy` may be null; its routes are used where a request takes one of them. Others get a route of their own.
  AlertExclusions(std::shared_ptr<const Policy> policy, Scope scope);

  /// Takes an alert's hits up. False, with the reason in notes(), when it has none that could be excluded.
  bool add(const AlertView& alert);

  /// New routes and exclusions: what is to be added to the policy.
  [[nodiscard]] const PolicySpec& spec() const { return spec_; }
  /// What a person should know, a sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Request {
    std::string method, host, path;
  };
  using Where = std::tuple<std::string, std::string, PlaceMask, std::string>;  ///< route, parameter, places, client

  bool add_hits(const AlertView& alert, const nlohmann::ordered_json& hits, const Request& request);
  std::string route_of(const Request& request);

  std::shared_ptr<const Policy> policy_;
  Scope scope_;
  PolicySpec spec_;
  std::set<std::string> new_routes_;
  std::map<Where, size_t> exclusions_;  ///< into spec_.exclusions
  std::vector<std::string> notes_;
};

}  // namespace weir
