#include "app/scan/scan_findings.h"

#include <algorithm>

namespace weir {
namespace {

constexpr size_t kWorstMax = 10;
/// So much of a target is shown.
constexpr size_t kTargetBytesMax = 512;

}  // namespace

std::vector<std::string_view> titles_of(const RecordVerdict& verdict, const RuleSet& rules) {
  std::vector<std::string_view> titles;
  for (const uint32_t rule : verdict.rules)
    titles.push_back(rules.rules()[rule].title);
  for (const PolicyRule violation : verdict.violations) {
    const std::string_view title = info_of(violation).title;
    if (std::find(titles.begin(), titles.end(), title) == titles.end()) titles.push_back(title);
  }
  return titles;
}

std::string shown_titles(const RecordVerdict& verdict, const RuleSet& rules) {
  RecordVerdict heaviest_first;
  heaviest_first.rules = verdict.rules;
  heaviest_first.violations = verdict.violations;
  std::stable_sort(heaviest_first.rules.begin(), heaviest_first.rules.end(),
                   [&](uint32_t a, uint32_t b) { return rules.rules()[a].weight > rules.rules()[b].weight; });
  std::string titles;
  for (const std::string_view title : titles_of(heaviest_first, rules))
    titles.append(titles.empty() ? "" : ", ").append(title);
  return titles;
}

void ScanFindings::add(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place) {
  ++requests_;
  from_ = std::min(from_, verdict.time);
  until_ = std::max(until_, verdict.time);
  if (!verdict.malicious) return;
  ++malicious_;
  for (size_t i = 0; i < by_category_.size(); ++i)
    by_category_[i] += (verdict.categories & mask_of(static_cast<Category>(i))) != 0 ? 1 : 0;
  clients_.add(verdict.client, verdict.categories, verdict.score);
  paths_.add(verdict.target.substr(0, verdict.target.find('?')), verdict.categories, verdict.score);
  add_worst(verdict, rules, place);
}

void ScanFindings::add_worst(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place) {
  if (worst_.size() == kWorstMax && verdict.score < worst_.back().score) return;
  std::string titles = shown_titles(verdict, rules);
  const std::string_view path = verdict.target.substr(0, verdict.target.find('?')).substr(0, kTargetBytesMax);
  std::string alike = std::string(path) + "\n" + titles;
  const auto known =
      std::find_if(worst_.begin(), worst_.end(), [&](const Worst& worst) { return worst.alike == alike; });
  if (known != worst_.end()) {
    ++known->times;
    return;
  }
  if (worst_.size() == kWorstMax && verdict.score <= worst_.back().score) return;
  Worst worst{verdict.score,
              place.text(),
              std::string(verdict.client),
              std::string(verdict.host),
              std::string(verdict.target.substr(0, kTargetBytesMax)),
              std::move(titles),
              std::move(alike)};
  const auto after = std::find_if(worst_.begin(), worst_.end(), [&](const Worst& w) { return w.score < worst.score; });
  worst_.insert(after, std::move(worst));
  if (worst_.size() > kWorstMax) worst_.pop_back();
}

void ScanFindings::add_reject(const RejectedRecord& rejected, const RecordPlace& place) {
  std::string& first = first_rejects_[static_cast<size_t>(rejected.reason)];
  if (first.empty()) first = place.text() + (rejected.detail.empty() ? "" : ": " + rejected.detail);
}

}  // namespace weir
