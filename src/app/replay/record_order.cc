#include "app/replay/record_order.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace weir {
namespace {

constexpr size_t kNeighbours = 3;  // on each side

bool comes_later(const RecordOrder::Head& a, const RecordOrder::Head& b) {
  return std::tie(a.order_ms, a.range) > std::tie(b.order_ms, b.range);
}

}  // namespace

void order_by_time(std::span<const int64_t> append_ms, std::vector<int64_t>& order_ms) {
  order_ms.assign(append_ms.begin(), append_ms.end());
  // A record without a time stands with the one before it.
  int64_t last = INT64_MIN;
  for (int64_t& time : order_ms)
    last = time = time == kNoAppendTime ? last : time;
  const std::vector<int64_t> times = order_ms;
  for (size_t i = 0; i < times.size(); ++i) {
    const size_t reach = std::min({kNeighbours, i, times.size() - 1 - i});
    std::array<int64_t, 2 * kNeighbours + 1> around{};
    const auto end = std::copy_n(times.begin() + static_cast<std::ptrdiff_t>(i - reach), 2 * reach + 1, around.begin());
    const auto middle = around.begin() + static_cast<std::ptrdiff_t>(reach);
    if (!std::is_sorted(around.begin(), end)) std::nth_element(around.begin(), middle, end);
    order_ms[i] = *middle;
  }
}

size_t RecordOrder::run_of(std::span<const int64_t> order_ms) const {
  if (heads_.size() == 1) return order_ms.size();
  // The second is one of the root's two children.
  Head second = heads_[1];
  if (heads_.size() > 2 && comes_later(second, heads_[2])) second = heads_[2];
  size_t run = 1;
  while (run < order_ms.size() && !comes_later({order_ms[run], heads_.front().range}, second))
    ++run;
  return run;
}

void RecordOrder::add(Head head) {
  heads_.push_back(head);
  std::push_heap(heads_.begin(), heads_.end(), comes_later);
}

void RecordOrder::remove_due() {
  std::pop_heap(heads_.begin(), heads_.end(), comes_later);
  heads_.pop_back();
}

}  // namespace weir
