#include "lane/sources/source_board.h"

#include <algorithm>
#include <limits>

namespace weir {

void SourceBoard::report(size_t lane, std::span<Own> sources, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (Own& source : sources) {
    const Key key{source.report.topic, source.report.partition};
    if (const auto known = entries_.find(key); known != entries_.end()) {
      Entry& entry = known->second;
      if (source.read_to < entry.read_to) entry.asked_end = PartitionOffset::kUnknown;  // it was sought, or made anew
      entry.read_to = source.read_to;
      source.asked_end = entry.asked_end;
    }
    if (is_asking(now) || source.read_to < source.asked_end) source.report.at_end = false;
    put(source.report, lane, now);
  }
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
  if (asking_lane_ == lane) asking_lane_.reset();
  for (auto& [key, entry] : entries_) {
    if (entry.lane != lane) continue;
    entry.lane = kOthers;
    entry.is_left = true;
    entry.moved = now;
  }
}

SourceBoard::Bounds SourceBoard::bounds(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto own =
      std::count_if(entries_.begin(), entries_.end(), [](const auto& item) { return item.second.lane != kOthers; });
  Bounds bounds;
  bounds.limit_ms = limit_ms(now);
  if (own < 2 || is_asking(now))
    bounds.ask_beyond_ms = std::numeric_limits<int64_t>::max();
  else if (checked_ms_ != SourceReport::kNoTime)
    bounds.ask_beyond_ms = checked_ms_ + ahead_max_.count();
  return bounds;
}

std::optional<int64_t> SourceBoard::limit_ms(Clock::time_point now) const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const auto& [key, entry] : entries_) {
    const bool is_doubted = entry.lane != kOthers && is_asking(now);
    if (!is_doubted && entry.ended && now - *entry.ended <= SourceTimes::kEndCounts) continue;
    const bool is_anywhere = entry.is_left || entry.report.time_ms == SourceReport::kNoTime;
    if (now - entry.moved > (is_anywhere ? kUnreadHolds : SourceTimes::kHeldMax)) continue;  // stuck
    least = std::min(least, entry.report.time_ms);
  }
  if (least == std::numeric_limits<int64_t>::max()) return std::nullopt;
  return least == SourceReport::kNoTime ? least : least + ahead_max_.count();
}

bool SourceBoard::is_asking(Clock::time_point now) const {
  return asking_lane_ && now - asked_ <= kQuestionMax;
}

std::vector<PartitionOffset> SourceBoard::begin_question(size_t lane, int64_t time_ms, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::vector<PartitionOffset> sources;
  if (is_asking(now)) return sources;
  for (const auto& [key, entry] : entries_) {
    if (entry.lane != kOthers) sources.push_back({key.first, key.second, PartitionOffset::kUnknown});
  }
  asking_lane_ = lane;
  asked_ = now;
  checked_ms_ = std::max(checked_ms_, time_ms);
  return sources;
}

void SourceBoard::answer(std::span<const PartitionOffset> ends) {
  const std::lock_guard lock(mutex_);
  asking_lane_.reset();
  for (const PartitionOffset& end : ends) {
    const auto known = entries_.find({end.topic, end.partition});
    if (known == entries_.end() || end.offset == PartitionOffset::kUnknown) continue;
    Entry& entry = known->second;
    entry.asked_end = end.offset;
    if (entry.read_to < end.offset) entry.ended.reset();
  }
}

}  // namespace weir
