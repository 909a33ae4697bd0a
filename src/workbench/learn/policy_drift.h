#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/enum_names.h"
#include "policy/policy.h"
#include "policy/request_check.h"
#include "workbench/learn/policy_learner.h"

namespace weir {

/// What ordinary traffic says against a policy.
enum class DriftKind : uint8_t {
  kNewRoute,      ///< requests that no route of the policy takes
  kNewParameter,  ///< a parameter that its route does not list, though it lists some
  kViolation,     ///< what the policy forbids, and ordinary requests do all the same
  kUnusedRoute,   ///< no request took it
  kUnusedParameter,
};
template <>
inline constexpr auto kNamesOf<DriftKind> = std::to_array<std::string_view>({"new_route", "new_parameter", "violation",
                                                                             "unused_route", "unused_parameter"});

struct Drift {
  DriftKind kind = DriftKind::kNewRoute;
  std::string route;      ///< its name
  std::string what;       ///< the parameter and where it stands, or the rule that was violated; empty for routes
  std::string detail;     ///< what is wrong, or how often it was there
  uint64_t requests = 0;  ///< that show it; for what is unused those that could have
  uint64_t clients = 0;   ///< violations: different ones, counted up to kClientsMax
};

/// Compares ordinary requests with the policy they were judged by. The same requests in the same order give the same answer. Memory is
/// bounded by that of a PolicyLearner for each route, and kViolationsMax. One thread.
class PolicyDrift {
 public:
  static constexpr size_t kClientsMax = 16;
  static constexpr size_t kViolationsMax = 5'000;  ///< different ones; beyond them they are counted as left out

  explicit PolicyDrift(std::shared_ptr<const Policy> policy);
  ~PolicyDrift();
  PolicyDrift(const PolicyDrift&) = delete;
  PolicyDrift& operator=(const PolicyDrift&) = delete;

  /// A request that took this route of the policy (0: none), with what the policy finds wrong with it.
  void add(const Event& event, const DecodedRecord& record, uint32_t route, std::span<const Violation> violations,
           uint64_t client_hash);

  /// What stands against the policy, by kind, the most frequent first. `evidence_min`: fewer requests say nothing.
  [[nodiscard]] std::vector<Drift> drifts(uint64_t evidence_min) const;
  /// The routes to be added: what was learned of requests that no route takes.
  [[nodiscard]] PolicySpec new_routes(uint64_t evidence_min) const;

  [[nodiscard]] uint64_t requests() const { return requests_; }
  [[nodiscard]] uint64_t left_out() const { return left_out_; }

 private:
  using ViolationKey = std::tuple<uint32_t, PolicyRule, Place, std::string>;
  struct Violated {
    uint64_t requests = 0;
    std::set<uint64_t> clients;
    std::string fault;
  };
  struct OfRoute;

  void add_violations(uint32_t route, std::span<const Violation> violations, uint64_t client_hash);
  void find_new_routes(uint64_t evidence_min, std::vector<Drift>& found) const;
  void find_violations(uint64_t evidence_min, std::vector<Drift>& found) const;
  void compare_parameters(uint32_t route, uint64_t evidence_min, std::vector<Drift>& found) const;
  [[nodiscard]] std::string name_of(uint32_t route) const;

  std::shared_ptr<const Policy> policy_;
  std::vector<OfRoute> routes_;  // by route
  std::map<ViolationKey, Violated> violations_;
  uint64_t requests_ = 0, left_out_ = 0;
};

}  // namespace weir
