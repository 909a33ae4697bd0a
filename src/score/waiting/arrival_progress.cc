#include "score/waiting/arrival_progress.h"

#include <algorithm>

#include "score/saved_client.h"

namespace weir {
namespace {

constexpr size_t kArrivedMax = 64;

}  // namespace

int64_t ArrivalProgress::follow(const PartitionClock& clock, Milliseconds disorder) {
  const int64_t ends_ms = clock.sources().running().ends_ms;
  const bool is_at_ends = clock.follows_sources() && clock.sources().all_at_end();
  if (is_at_ends && was_at_ends_) at_ends_ms_ += ends_ms - ends_ms_;
  was_at_ends_ = is_at_ends;
  ends_ms_ = ends_ms;

  const int64_t step_ms = std::max<int64_t>(disorder.count() / kSteps, 1);
  const int64_t steps = at_ends_ms_ / step_ms;
  if (greatest_ms_ != PartitionClock::kUnset && (arrived_.empty() || arrived_.back().greatest_ms < greatest_ms_)) {
    if (arrived_.empty() || arrived_.back().steps < steps) arrived_.push_back({steps, greatest_ms_});
    arrived_.back().greatest_ms = greatest_ms_;
  }
  const auto is_over = [&](const Arrived& item) { return item.steps + kSteps < steps; };
  const auto first_left = std::find_if_not(arrived_.begin(), arrived_.end(), is_over);
  int64_t turn_ms = first_left != arrived_.begin() ? std::prev(first_left)->greatest_ms : PartitionClock::kUnset;
  if (turn_ms != PartitionClock::kUnset) ++turn_ms;  // that one, too
  // The last of those that are over stays, so that it is told again.
  if (first_left != arrived_.begin()) arrived_.erase(arrived_.begin(), std::prev(first_left));
  if (clock.now_ms() != PartitionClock::kUnset) turn_ms = std::max(turn_ms, clock.now_ms() - disorder.count());
  return turn_ms;
}

void ArrivalProgress::write(BinaryWriter& out) const {
  out.byte(static_cast<uint8_t>((greatest_ms_ != PartitionClock::kUnset ? 1 : 0) | (was_at_ends_ ? 2 : 0)));
  if (greatest_ms_ != PartitionClock::kUnset) out.zigzag(greatest_ms_);
  out.zigzag(ends_ms_);
  out.zigzag(at_ends_ms_);
  out.varint(arrived_.size());
  for (const Arrived& item : arrived_) {
    out.zigzag(item.steps);
    out.zigzag(item.greatest_ms);
  }
}

bool ArrivalProgress::read(BinaryReader& in) {
  *this = {};
  const uint8_t flags = in.byte();
  was_at_ends_ = (flags & 2) != 0;
  if ((flags & 1) != 0) greatest_ms_ = in.signed_number<int64_t>();
  ends_ms_ = in.signed_number<int64_t>();
  at_ends_ms_ = in.signed_number<int64_t>();
  const bool is_unset = (flags & 1) == 0;
  if ((!is_unset && !is_plausible_time(greatest_ms_)) || !is_plausible_time(ends_ms_) ||
      !is_plausible_time(at_ends_ms_))
    return false;
  const uint64_t count = in.varint();
  if (count > kArrivedMax) return false;
  for (uint64_t i = 0; i < count; ++i) {
    Arrived& item = arrived_.emplace_back();
    item.steps = in.signed_number<int64_t>();
    item.greatest_ms = in.signed_number<int64_t>();
    if (!is_plausible_time(item.steps) || !is_plausible_time(item.greatest_ms)) return false;
  }
  return in.ok();
}

}  // namespace weir
