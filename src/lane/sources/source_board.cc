#include "lane/sources/source_board.h"

#include <algorithm>
#include <limits>

namespace weir {

void SourceBoard::report(size_t lane, std::span<const SourceReport> sources, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (const SourceReport& source : sources)
    put(source, lane, now);
}

void SourceBoard::hear(std::span<const SourceReport> sources, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (const SourceReport& source : sources) {
    const auto known = entries_.find({source.topic, source.partition});
    if (known == entries_.end() || (known->second.lane == kOthers && !source.is_mention)) put(source, kOthers, now);
  }
}

void SourceBoard::put(const SourceReport& report, size_t lane, Clock::time_point now) {
  const Key key{report.topic, report.partition};
  if (entries_.size() >= SourceTimes::kSourcesMax && !entries_.contains(key)) return;
  auto [place, fresh] = entries_.try_emplace(key);
  Entry& entry = place->second;
  const bool moved =
      fresh || report.at_end || report.waits || report.time_ms != entry.report.time_ms || entry.lane != lane;
  if (moved) entry.moved = now;
  if (report.at_end) entry.ended = now;
  // Whoever else reads may have stood still as well, and not know it yet.
  if (report.is_doubted && !entry.report.is_doubted) forget_ends();
  entry.is_left = false;
  entry.lane = lane;
  entry.report = report;
  // What a source at its end still brings is new.
  if (report.at_end) entry.report.time_ms = std::max(report.time_ms, foremost_ms_);
  if (!report.waits) foremost_ms_ = std::max(foremost_ms_, entry.report.time_ms);
}

void SourceBoard::forget_ends() {
  for (auto& [key, entry] : entries_)
    entry.ended.reset();
}

void SourceBoard::leave(size_t lane, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (auto& [key, entry] : entries_) {
    if (entry.lane != lane) continue;
    entry.lane = kOthers;
    entry.is_left = true;
    entry.moved = now;
  }
}

std::optional<int64_t> SourceBoard::limit_ms(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const auto& [key, entry] : entries_) {
    if (entry.ended && now - *entry.ended <= SourceTimes::kEndCounts) continue;
    const bool is_anywhere = entry.is_left || entry.report.time_ms == SourceReport::kNoTime;
    if (now - entry.moved > (is_anywhere ? kUnreadHolds : SourceTimes::kHeldMax)) continue;  // stuck
    least = std::min(least, entry.report.time_ms);
  }
  if (least == std::numeric_limits<int64_t>::max()) return std::nullopt;
  return least == SourceReport::kNoTime ? least : least + ahead_max_.count();
}

}  // namespace weir
