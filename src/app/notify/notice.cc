#include "app/notify/notice.h"

#include <algorithm>

namespace weir {
namespace {

template <typename Choice>
std::vector<std::string> names_of(const std::vector<Choice>& choices) {
  std::vector<std::string> names;
  for (const Choice choice : choices)
    names.emplace_back(to_string(choice));
  return names;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

NoticeFilter::NoticeFilter(const NotifyConfig& config) : phases_(names_of(config.phases)) {
  if (config.categories.size() < static_cast<size_t>(Category::kCount)) categories_ = names_of(config.categories);
  filter_.kinds = names_of(config.kinds);
  filter_.severity_min = static_cast<int64_t>(config.severity) + 1;
}

bool NoticeFilter::takes(const AlertView& alert) const {
  if (!filter_.takes(alert) || !holds(phases_, alert.own("phase"))) return false;
  if (categories_.empty() || alert.own("kind") != to_string(AlertKind::kAttack)) return true;
  const auto its = alert.own_list("categories");
  return std::any_of(its.begin(), its.end(), [&](const std::string& text) { return holds(categories_, text); });
}

}  // namespace weir
