#include "alert/trim.h"

#include <algorithm>

namespace weir {
namespace {

bool drop_excerpts(Alert& alert) {
  if (!alert.evidence) return false;
  bool any = false;
  for (EvidenceHit& hit : alert.evidence->hits) {
    any = any || !hit.excerpt.empty() || !hit.parameter.empty();
    hit.excerpt.clear();
    hit.parameter.clear();
  }
  return any;
}

bool drop_hits(Alert& alert) {
  if (!alert.evidence || alert.evidence->hits.size() < 2) return false;
  alert.evidence->hits.resize(1);
  return true;
}

bool drop_further(Alert& alert) {
  const bool any = !alert.further.empty();
  alert.further.clear();
  return any;
}

bool drop_made_of(Alert& alert) {
  const auto has_values = [](const auto& list) { return !list.empty(); };
  const bool any = std::any_of(alert.made_of.begin(), alert.made_of.end(), has_values);
  alert.made_of = {};
  return any;
}

bool drop_group(Alert& alert) {
  if (!alert.correlation) return false;
  auto& group = alert.correlation->group;
  const bool any = std::any_of(group.begin(), group.end(), [](const auto& item) { return !item.second.empty(); });
  for (auto& [field, value] : group)
    value.clear();
  return any;
}

}  // namespace

bool trim(Alert& alert) {
  if (drop_further(alert)) {
    alert.trimmed = "further";
  } else if (drop_excerpts(alert)) {
    alert.trimmed = "excerpts";
  } else if (drop_hits(alert)) {
    alert.trimmed = "hits";
  } else if (alert.evidence) {
    alert.evidence.reset();
    alert.trimmed = "evidence";
  } else if (drop_made_of(alert)) {
    alert.trimmed = "made_of";
  } else if (drop_group(alert)) {
    alert.trimmed = "group";
  } else {
    return false;
  }
  return true;
}

}  // namespace weir
