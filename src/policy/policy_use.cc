#include "policy/policy_use.h"

namespace weir {

PolicyUse::PolicyUse(size_t exclusions, size_t routes) : responses_(routes) {
  exclusions_.reserve(exclusions);
  while (exclusions_.size() < exclusions)
    exclusions_.push_back(std::make_shared<ExclusionCount>());
}

void PolicyUse::count_exclusion(size_t exclusion, EventTime at) {
  ExclusionCount& count = *exclusions_[exclusion];
  count.uses.fetch_add(1, std::memory_order_relaxed);
  const int64_t ms = at.time_since_epoch().count();
  int64_t last = count.last_ms.load(std::memory_order_relaxed);
  while (last < ms && !count.last_ms.compare_exchange_weak(last, ms, std::memory_order_relaxed)) {
  }
}

void PolicyUse::count_response(size_t route, ResponseFaults faults) {
  ResponseCount& count = responses_[route];
  count.checked.fetch_add(1, std::memory_order_relaxed);
  if (faults == 0) return;
  count.faulty.fetch_add(1, std::memory_order_relaxed);
  if ((count.faults.load(std::memory_order_relaxed) & faults) == faults) return;
  count.faults.fetch_or(faults, std::memory_order_relaxed);
  fault_changes_.fetch_add(1, std::memory_order_relaxed);
}

PolicyUse::Exclusion PolicyUse::exclusion(size_t index) const {
  const ExclusionCount& count = *exclusions_[index];
  Exclusion use;
  use.uses = count.uses.load(std::memory_order_relaxed);
  if (const int64_t ms = count.last_ms.load(std::memory_order_relaxed); ms != INT64_MIN)
    use.last = EventTime(Milliseconds(ms));
  return use;
}

PolicyUse::Responses PolicyUse::responses(size_t route) const {
  const ResponseCount& count = responses_[route];
  return {count.checked.load(std::memory_order_relaxed), count.faulty.load(std::memory_order_relaxed),
          static_cast<ResponseFaults>(count.faults.load(std::memory_order_relaxed))};
}

}  // namespace weir
