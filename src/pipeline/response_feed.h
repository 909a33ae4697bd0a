#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/siphash.h"
#include "policy/policy.h"
#include "policy/response_check.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"

namespace weir {

/// Turns what responses lack or show (VA5) into events for a correlation, for routes of which the policy says that their violations
/// reach a person. A lane tells a fault of a route once in a day of event time, and the correlation makes one alert of what all
/// lanes tell. Of one lane; made anew for each policy.
class ResponseFeed {
 public:
  ResponseFeed() = default;
  /// Refers to the policy, which may be null.
  ResponseFeed(const Policy* policy, const SipHashKey& key);

  /// Appends the events of one response; `observation` is of the same record. Their text is copied to the arena, their definitions
  /// live as long as this.
  void take(size_t route, ResponseFaults faults, const Observation& observation, Arena& arena,
            std::vector<CorrelationEvent>& out);

 private:
  /// What was told of a route on its latest day.
  struct Told {
    int64_t day = 0;
    ResponseFaults faults = 0;
  };
  static constexpr size_t kLevels = 5;

  const Policy* policy_ = nullptr;
  SipHashKey key_{};
  std::array<std::unique_ptr<const CorrelationDefinition>, kLevels> definitions_;  // by level
  std::vector<Told> told_;                                                         // by route
  std::string text_;
};

}  // namespace weir
