#include "score/source_times.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir {
namespace {

constexpr int64_t kNotTold = SourceReport::kNoTime;

bool before(const SourceTimes::Source& source, const SourceReport& report) {
  return std::tie(source.report.topic, source.report.partition) < std::tie(report.topic, report.partition);
}

}  // namespace

void SourceTimes::take(std::span<const SourceReport> reports, int64_t told_ms) {
  if (reports.empty()) return;
  pass(told_ms);
  for (const SourceReport& report : reports) {
    Source* source = find(report);
    if (source != nullptr && report.is_doubted) source->ended_ms = kNotTold;
    if (source == nullptr || report.is_mention) continue;
    if (report.at_end) source->ended_ms = running_.ends_ms;
    const bool moved = report.at_end || report.waits || report.time_ms != source->report.time_ms;
    if (moved) source->moved_ms = running_.held_ms;
    // It may go back: what moved it too far was a mistake. The clock itself does not.
    const int64_t time_ms = report.time_ms != kNotTold ? report.time_ms : source->report.time_ms;
    source->report = report;
    source->report.time_ms = time_ms;
    source->report.is_doubted = false;  // done with
  }
  // What a source at its end still brings is new: as new as what the foremost brings.
  const int64_t foremost = foremost_ms();
  for (const SourceReport& report : reports) {
    if (!report.at_end) continue;
    if (Source* source = find(report)) source->report.time_ms = std::max(source->report.time_ms, foremost);
  }
}

/// Two clocks that run while blocks come. After an outage the first lets every end lapse at once; the second hardly moves.
void SourceTimes::pass(int64_t told_ms) {
  if (running_.told_ms != kNotTold && told_ms > running_.told_ms) {
    const int64_t passed = told_ms - running_.told_ms;
    running_.ends_ms += std::min(passed, kEndCounts.count() + 1);
    running_.held_ms += std::min(passed, kStepCounts.count());
  }
  running_.told_ms = told_ms;
}

SourceTimes::Source* SourceTimes::find(const SourceReport& report) {
  auto place = std::lower_bound(sources_.begin(), sources_.end(), report, before);
  const bool known =
      place != sources_.end() && place->report.topic == report.topic && place->report.partition == report.partition;
  if (known) return &*place;
  if (sources_.size() == kSourcesMax) return nullptr;
  Source fresh;
  fresh.report.topic = report.topic;
  fresh.report.partition = report.partition;
  fresh.moved_ms = running_.held_ms;
  return &*sources_.insert(place, fresh);
}

bool SourceTimes::end_counts(const Source& source) const {
  return source.ended_ms != kNotTold && running_.ends_ms - source.ended_ms <= kEndCounts.count();
}

bool SourceTimes::is_stuck(const Source& source) const {
  return !end_counts(source) && running_.held_ms - source.moved_ms > kHeldMax.count();
}

bool SourceTimes::all_at_end() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [this](const Source& source) { return end_counts(source) || is_stuck(source); });
}

size_t SourceTimes::stuck() const {
  return static_cast<size_t>(
      std::count_if(sources_.begin(), sources_.end(), [this](const Source& source) { return is_stuck(source); }));
}

/// Of what was handed on. A record that waits may have any time.
int64_t SourceTimes::foremost_ms() const {
  int64_t foremost = kNotTold;
  for (const Source& source : sources_) {
    if (!source.report.waits) foremost = std::max(foremost, source.report.time_ms);
  }
  return foremost;
}

int64_t SourceTimes::now_ms() const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const Source& source : sources_) {
    if (!end_counts(source) && !is_stuck(source)) least = std::min(least, source.report.time_ms);
  }
  return std::min(least, foremost_ms());
}

SourceTimes SourceTimes::restored(const Running& running, std::vector<Source> sources) {
  SourceTimes times;
  times.running_ = running;
  times.sources_ = std::move(sources);
  return times;
}

}  // namespace weir
