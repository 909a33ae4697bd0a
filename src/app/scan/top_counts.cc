#include "app/scan/top_counts.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

bool is_before(const TopCounts::Entry& a, const TopCounts::Entry& b) {
  return a.count != b.count ? a.count > b.count : a.key < b.key;
}

}  // namespace

void TopCounts::add(std::string_view key, CategoryMask categories, int score) {
  Entry& entry = entries_[std::string(key.substr(0, kKeyBytesMax))];
  ++entry.count;
  entry.categories = static_cast<CategoryMask>(entry.categories | categories);
  entry.worst_score = std::max(entry.worst_score, score);
  if (entries_.size() > 2 * keys_) forget_rare();
}

void TopCounts::forget_rare() {
  std::vector<Entry> kept = top(keys_);
  entries_.clear();
  for (Entry& entry : kept) {
    std::string key = entry.key;
    entries_.emplace(std::move(key), std::move(entry));
  }
  forgot_ = true;
}

std::vector<TopCounts::Entry> TopCounts::top(size_t count) const {
  std::vector<Entry> all;
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    all.push_back(entry);
    all.back().key = key;
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
  std::partial_sort(all.begin(), middle, all.end(), is_before);
  all.erase(middle, all.end());
  return all;
}

}  // namespace weir
