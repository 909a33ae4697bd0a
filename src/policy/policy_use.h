#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "policy/response_check.h"

namespace weir {

/// What came of a policy: how often each exclusion took a hit away and which response headers each route lacks. The only
/// part of a policy that changes; all lanes count into it without locks, and none decides by it.
class PolicyUse {
 public:
  PolicyUse(size_t exclusions, size_t routes);

  void count_exclusion(size_t exclusion, EventTime at);
  /// `routes` numbers the default route 0.
  void count_response(size_t route, ResponseFaults faults);

  struct Exclusion {
    uint64_t uses = 0;
    std::optional<EventTime> last;  ///< event time of the latest use
  };
  struct Responses {
    uint64_t checked = 0, faulty = 0;
    ResponseFaults faults = 0;  ///< of all of them
  };
  [[nodiscard]] Exclusion exclusion(size_t index) const;
  /// From now on this exclusion counts together with one of another policy, which may be in use still. To be called before
  /// this object is.
  void count_with(size_t exclusion, const PolicyUse& other, size_t other_exclusion) {
    exclusions_[exclusion] = other.exclusions_[other_exclusion];
  }
  [[nodiscard]] Responses responses(size_t route) const;
  /// Changes when a route shows a fault that it had not shown.
  [[nodiscard]] uint64_t fault_changes() const { return fault_changes_.load(std::memory_order_relaxed); }

 private:
  struct ExclusionCount {
    std::atomic<uint64_t> uses{0};
    std::atomic<int64_t> last_ms{INT64_MIN};
  };
  struct ResponseCount {
    std::atomic<uint64_t> checked{0}, faulty{0};
    std::atomic<uint32_t> faults{0};
  };
  std::vector<std::shared_ptr<ExclusionCount>> exclusions_;
  std::vector<ResponseCount> responses_;
  std::atomic<uint64_t> fault_changes_{0};
};

}  // namespace weir
