#include "workbench/learn/policy_drift.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view kDefaultRoute = "(no route)";

/// Those that are learned of.
constexpr PlaceMask kLearnedPlaces =
    mask_of(Place::kQuery) | mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kMultipart);

std::string with_place(const std::string& parameter, Place place) {
  return parameter + " (" + std::string(to_string(place)) + ")";
}

/// Whether what was seen under `name` is of the parameter, or inside of it.
bool is_of(const ParameterSpec& parameter, Place place, const std::string& name) {
  const bool is_there = parameter.places == 0 || (parameter.places & mask_of(place)) != 0;
  return is_there &&
         (name == parameter.name || name.starts_with(parameter.name + "[") || name.starts_with(parameter.name + "."));
}

}  // namespace

/// The requests that took one route.
struct PolicyDrift::OfRoute {
  uint64_t requests = 0;
  std::unique_ptr<PolicyLearner> learner;  // made with the first request
};

PolicyDrift::PolicyDrift(std::shared_ptr<const Policy> policy)
    : policy_(std::move(policy)), routes_(policy_->routes().size()) {}
PolicyDrift::~PolicyDrift() = default;

void PolicyDrift::add(const Event& event, const DecodedRecord& record, uint32_t route,
                      std::span<const Violation> violations, uint64_t client_hash) {
  ++requests_;
  OfRoute& of = routes_[route];
  ++of.requests;
  if (!of.learner) of.learner = std::make_unique<PolicyLearner>();
  of.learner->add(event, record);
  add_violations(route, violations, client_hash);
}

void PolicyDrift::add_violations(uint32_t route, std::span<const Violation> violations, uint64_t client_hash) {
  for (const Violation& violation : violations) {
    if (policy_->weight_of(violation.rule) == 0) continue;
    ViolationKey key{route, violation.rule, violation.place, std::string(violation.parameter)};
    if (violations_.size() >= kViolationsMax && !violations_.contains(key)) {
      ++left_out_;
      continue;
    }
    Violated& violated = violations_[std::move(key)];
    ++violated.requests;
    if (violated.clients.size() < kClientsMax) violated.clients.insert(client_hash);
    if (violated.fault.empty()) violated.fault = violation.fault;
  }
}

std::vector<Drift> PolicyDrift::drifts(uint64_t evidence_min) const {
  std::vector<Drift> found;
  find_new_routes(evidence_min, found);
  find_violations(evidence_min, found);
  for (uint32_t route = 1; route < routes_.size(); ++route)
    compare_parameters(route, evidence_min, found);
  std::stable_sort(found.begin(), found.end(), [](const Drift& a, const Drift& b) {
    return std::pair(a.kind, b.requests) < std::pair(b.kind, a.requests);
  });
  return found;
}

PolicySpec PolicyDrift::new_routes(uint64_t evidence_min) const {
  const OfRoute& unrouted = routes_.front();
  return unrouted.learner ? unrouted.learner->policy(evidence_min) : PolicySpec();
}

void PolicyDrift::find_new_routes(uint64_t evidence_min, std::vector<Drift>& found) const {
  const OfRoute& unrouted = routes_.front();
  if (routes_.size() == 1 || !unrouted.learner) return;  // a policy without routes expects none
  PolicyLearner::Counts counts;
  static_cast<void>(unrouted.learner->policy(evidence_min, &counts));
  for (const auto& [route, requests] : counts.routes)
    found.push_back({DriftKind::kNewRoute, route, {}, "no route of the policy takes it", requests, 0});
}

void PolicyDrift::find_violations(uint64_t evidence_min, std::vector<Drift>& found) const {
  for (const auto& [key, violated] : violations_) {
    const auto& [route, rule, place, parameter] = key;
    if (violated.requests < evidence_min) continue;
    std::string what(info_of(rule).option);
    if (!parameter.empty()) what += " of " + with_place(parameter, place);
    found.push_back({DriftKind::kViolation, name_of(route), std::move(what), violated.fault, violated.requests,
                     violated.clients.size()});
  }
}

void PolicyDrift::compare_parameters(uint32_t number, uint64_t evidence_min, std::vector<Drift>& found) const {
  const Route& route = policy_->routes()[number];
  const OfRoute& of = routes_[number];
  if (of.requests == 0) {
    // A route for the methods that others leave only forbids: nobody should take it.
    const bool only_forbids = policy_->spec().routes[number - 1].methods.empty() && !route.allowed_methods.empty();
    if (requests_ >= evidence_min && !only_forbids)
      found.push_back({DriftKind::kUnusedRoute, route.name, {}, "no request took it", requests_, 0});
    return;
  }
  if (route.parameters.empty() || of.learner->taken() < evidence_min) return;
  PolicyLearner::Counts counts;
  static_cast<void>(of.learner->policy(1, &counts));
  const std::string whole = " of " + std::to_string(of.learner->taken());
  std::map<std::pair<Place, std::string>, uint64_t> seen;  // of all paths and methods that the route takes
  for (const auto& [key, requests] : counts.parameters)
    seen[{std::get<Place>(key), std::get<2>(key)}] += requests;
  for (const auto& [name, requests] : seen) {
    if (requests >= evidence_min && route.covering(name.first, name.second) == nullptr)
      found.push_back({DriftKind::kNewParameter, route.name, with_place(name.second, name.first),
                       "in " + std::to_string(requests) + whole, requests, 0});
  }
  for (const ParameterSpec& parameter : route.parameters) {
    if (parameter.places != 0 && (parameter.places & kLearnedPlaces) == 0) continue;
    const bool was_seen = std::any_of(seen.begin(), seen.end(), [&](const auto& item) {
      return is_of(parameter, item.first.first, item.first.second);
    });
    if (!was_seen)
      found.push_back(
          {DriftKind::kUnusedParameter, route.name, parameter.name, "in none" + whole, of.learner->taken(), 0});
  }
}

std::string PolicyDrift::name_of(uint32_t route) const {
  return route == 0 ? std::string(kDefaultRoute) : policy_->routes()[route].name;
}

}  // namespace weir
