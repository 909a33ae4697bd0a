#include "lane/clients/recent_alerts.h"

#include <utility>

#include "score/client_check.h"

namespace weir {

void RecentAlerts::note(const Alert& alert) {
  if (alert.client_kind == ClientKind::kGroup) return;
  Kept kept{client_check(alert.client_kind, alert.client),
            {alert.id, alert.episode_id, alert.kind, alert.phase, alert.severity, alert.time, alert.count}};
  if (ring_.size() < kKept) {
    ring_.push_back(std::move(kept));
    return;
  }
  ring_[next_] = std::move(kept);
  next_ = (next_ + 1) % kKept;
}

std::vector<RecentAlert> RecentAlerts::of(uint64_t check) const {
  std::vector<RecentAlert> found;
  for (size_t back = 1; back <= ring_.size() && found.size() < kOfOneClientMax; ++back) {
    const Kept& kept = ring_[(next_ + ring_.size() - back) % ring_.size()];
    if (kept.check == check) found.push_back(kept.alert);
  }
  return found;
}

}  // namespace weir
