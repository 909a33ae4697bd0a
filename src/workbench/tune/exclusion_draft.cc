#include "workbench/tune/exclusion_draft.h"

#include <algorithm>

#include "base/ascii.h"
#include "event/event.h"
#include "evidence/request_facts.h"
#include "policy/request_path.h"

namespace weir {
namespace {

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

/// The host as a route names it: without port and the root's dot. Empty, so any host, where it is none that a route can name.
std::string host_of_route(const std::string& logged) {
  std::string host = lower_case(std::string_view(logged).substr(0, logged.find(':')));
  while (host.ends_with('.'))
    host.pop_back();
  return host.starts_with('.') || host.find_first_of("*/ []") != std::string::npos ? std::string() : host;
}

}  // namespace

void ExclusionDraft::add(const FalseHit& hit) {
  const bool of_parameter = width_ == ExclusionWidth::kParameter || width_ == ExclusionWidth::kClientParameter;
  ExclusionSpec exclusion;
  exclusion.route = route_of(hit);
  if (of_parameter) exclusion.places = hit.places;
  if (exclusion.places != 0) exclusion.parameter = hit.parameter;
  if (width_ == ExclusionWidth::kClientParameter) exclusion.clients.as_written = {hit.client};
  const Where where{exclusion.route, exclusion.parameter, exclusion.places,
                    width_ == ExclusionWidth::kClientParameter ? hit.client : std::string()};
  const auto [known, is_new] = exclusions_.emplace(where, spec_.exclusions.size());
  if (is_new) {
    exclusion.comment = hit.comment;
    exclusion.expires = expires_;
    spec_.exclusions.push_back(std::move(exclusion));
  }
  auto& rules = spec_.exclusions[known->second].rules;
  if (std::find(rules.begin(), rules.end(), hit.rule) == rules.end()) rules.push_back(hit.rule);
}

std::string ExclusionDraft::route_of(const FalseHit& hit) {
  if (policy_ != nullptr) {
    Event event;
    event.method = hit.method;
    event.host = hit.host;
    event.path = hit.path;
    RequestPath path;
    if (const uint32_t route = policy_->route_of(event, path); route != 0)
      return policy_->spec().routes[route - 1].display_name();
  }
  RouteSpec route;
  route.host = host_of_route(hit.host);
  if (width_ == ExclusionWidth::kHost && !route.host.empty()) {
    route.path = "/**";
    route.name = route.host + "/**";
  } else {
    if (!hit.method.empty()) route.methods = {hit.method};
    route.path = pattern_of(hit.path);
    route.name = (hit.method.empty() ? "" : hit.method + " ") + route.host + route.path;
  }
  std::string name = route.name;
  if (new_routes_.insert(name).second) spec_.routes.push_back(std::move(route));
  return name;
}

}  // namespace weir
