#include "app/alerts/alert_exclusions.h"

#include <algorithm>

#include "app/terminal/terminal.h"
#include "base/enum_names.h"
#include "event/event.h"
#include "evidence/request_facts.h"
#include "policy/request_path.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kEvidencesMax = 64;

std::string text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The request's path as a pattern for routes: what is an id, or was masked, becomes any one segment.
std::string pattern_of(const std::string& path) {
  RequestPath split;
  split.split(path);
  std::string folded;
  for (const auto segment : split.segments()) {
    std::string piece = folded_route(segment);
    const bool any = piece == "/*" || piece.find("***") != std::string::npos ||
                     piece.find_first_of("{}*") != std::string::npos || segment.find('/') != std::string_view::npos;
    folded += any ? "/{id}" : piece;
  }
  return folded.empty() ? "/" : folded;
}

/// The places of an exclusion for a hit; none: it cannot be named, so the exclusion is for the whole record.
PlaceMask places_of(const std::string& place) {
  for (size_t i = 0; i < static_cast<size_t>(Place::kCount); ++i)
    if (to_string(static_cast<Place>(i)) == place && (mask_of(static_cast<Place>(i)) & kExclusionPlaces) != 0)
      return mask_of(static_cast<Place>(i));
  return 0;
}

}  // namespace

AlertExclusions::AlertExclusions(std::shared_ptr<const Policy> policy, Scope scope)
    : policy_(std::move(policy)), scope_(std::move(scope)) {}

bool AlertExclusions::add(const AlertView& alert) {
  const auto refuse = [&](const std::string& why) {
    notes_.push_back("alert " + printable(alert.id()) + why);
    return false;
  };
  if (alert.is_encrypted()) return refuse(": its evidence is encrypted; decrypt it first, with weir decrypt");
  bool added = false;
  for (size_t i = 0; i < kEvidencesMax; ++i) {
    const std::string evidence = "/evidences/" + std::to_string(i);
    // ECS has room for the first one only.
    const char* const none = "/weir/none";
    const auto at = [&](const char* below, const char* ecs) {
      return alert.at((evidence + below).c_str(), i == 0 ? ecs : none);
    };
    const auto text = [&](const char* below, const char* ecs) {
      const Json* value = at(below, ecs);
      return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
    };
    const Json* hits = at("/data/hits", "/weir/hits");
    if (hits == nullptr || !hits->is_array()) break;
    const Request request{text("/http_request/http_method", "/http/request/method"),
                          text("/http_request/url/hostname", "/url/domain"),
                          text("/http_request/url/path", "/url/path")};
    added = add_hits(alert, *hits, request) || added;
  }
  if (added) return true;
  if (alert.own("kind") != "attack")
    return refuse(" is of kind " + printable(alert.own("kind")) +
                  ": it comes of what its client did, not of rule hits; an exclusion of its client would be an entry "
                  "of policy.allow");
  return refuse(scope_.rules.empty() ? " has no rule hits" : " has no hits of these rules");
}

bool AlertExclusions::add_hits(const AlertView& alert, const Json& hits, const Request& request) {
  bool added = false;
  for (const Json& hit : hits) {
    const std::string rule = text_of(hit, "rule_id");
    const bool wanted = scope_.rules.empty()
                            ? hit.value("weight", 1) > 0
                            : std::find(scope_.rules.begin(), scope_.rules.end(), rule) != scope_.rules.end();
    if (rule.empty() || !wanted) continue;
    ExclusionSpec exclusion;
    exclusion.route = route_of(request);
    exclusion.places = places_of(text_of(hit, "place"));
    // A masked name names nothing.
    const std::string parameter = text_of(hit, "parameter");
    if (exclusion.places != 0 && parameter.find("***") == std::string::npos) exclusion.parameter = parameter;
    if (scope_.of_client) exclusion.clients.as_written = {alert.own("client")};
    const Where where{exclusion.route, exclusion.parameter, exclusion.places,
                      scope_.of_client ? alert.own("client") : std::string()};
    const auto [known, is_new] = exclusions_.emplace(where, spec_.exclusions.size());
    if (is_new) {
      exclusion.comment = scope_.comment.empty()
                              ? "false alarm " + printable(alert.id()) + ": " + printable(alert.title())
                              : scope_.comment;
      exclusion.expires = scope_.expires;
      spec_.exclusions.push_back(std::move(exclusion));
    }
    auto& rules = spec_.exclusions[known->second].rules;
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    added = true;
  }
  return added;
}

std::string AlertExclusions::route_of(const Request& request) {
  if (policy_ != nullptr) {
    Event event;
    event.method = request.method;
    event.host = request.host;
    event.path = request.path;
    RequestPath path;
    if (const uint32_t route = policy_->route_of(event, path); route != 0)
      return policy_->spec().routes[route - 1].display_name();
  }
  RouteSpec route;
  if (!request.method.empty()) route.methods = {request.method};
  route.host = request.host;
  route.path = pattern_of(request.path);
  route.name =
      (request.method.empty() ? "" : request.method + " ") + request.host + (route.path == "/" ? "/" : route.path);
  std::string name = route.name;
  if (new_routes_.insert(name).second) spec_.routes.push_back(std::move(route));
  return name;
}

}  // namespace weir
