#include "score/division/partition_times.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir {
namespace {

bool is_known(const PartitionClock& clock) {
  return clock.now_ms() != PartitionClock::kUnset;
}

/// Clocks that follow their sources go before others: the sources go on to move it.
const PartitionClock* least_of(std::span<const PartitionTimes> old, int64_t horizon_ms) {
  const PartitionClock* least = nullptr;
  int64_t greatest_ms = PartitionClock::kUnset;
  bool any_follows = false;
  for (const PartitionTimes& times : old) {
    greatest_ms = std::max(greatest_ms, times.clock.now_ms());
    any_follows = any_follows || times.clock.follows_sources();
  }
  for (const PartitionTimes& times : old) {
    const PartitionClock& clock = times.clock;
    const bool counts = is_known(clock) && (clock.follows_sources() || !any_follows);
    // Without a greatest there is none that is known.
    if (!counts || greatest_ms - clock.now_ms() > horizon_ms) continue;
    if (least == nullptr || clock.now_ms() < least->now_ms()) least = &clock;
  }
  for (const PartitionTimes& times : old)
    if (least == nullptr && !times.clock.is_new()) least = &times.clock;
  return least;
}

/// What `from` tells of a source stands on its own running clocks; the same ages on those of `to`.
SourceTimes::Source moved(SourceTimes::Source source, const SourceTimes::Running& from,
                          const SourceTimes::Running& to) {
  if (source.ended_ms != SourceReport::kNoTime) source.ended_ms += to.ends_ms - from.ends_ms;
  source.moved_ms += to.held_ms - from.held_ms;
  return source;
}

/// With those sources that only others know: each holds the clock, wherever it was told of.
SourceTimes all_sources(std::span<const PartitionTimes> old, const SourceTimes& first) {
  std::vector<SourceTimes::Source> sources(first.sources().begin(), first.sources().end());
  const auto place = [](const SourceTimes::Source& source) {
    return std::pair(source.report.topic, source.report.partition);
  };
  for (const PartitionTimes& times : old) {
    const SourceTimes& theirs = times.clock.sources();
    for (const SourceTimes::Source& source : theirs.sources()) {
      const bool is_there =
          std::any_of(sources.begin(), sources.end(), [&](const auto& known) { return place(known) == place(source); });
      if (!is_there && sources.size() < SourceTimes::kSourcesMax)
        sources.push_back(moved(source, theirs.running(), first.running()));
    }
  }
  std::sort(sources.begin(), sources.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return SourceTimes::restored(first.running(), std::move(sources));
}

}  // namespace

PartitionTimes joint_times(std::span<const PartitionTimes> old, const ScoreOptions& options) {
  PartitionTimes joint;
  const int64_t horizon_ms = options.client_idle.count() + options.lateness.count();
  const PartitionClock* least = least_of(old, horizon_ms);
  if (least == nullptr) return joint;
  joint.clock = *least;
  if (least->follows_sources()) joint.clock.restore_sources(all_sources(old, least->sources()), least->now_ms());
  for (const PartitionTimes& times : old) {
    if (times.clock == *least) joint.correlations.partition_ms = times.correlations.partition_ms;
  }
  // That of events, which correlations keep besides, only ever adds to the partition's.
  const auto counts = [&](const PartitionClock& clock) {
    return clock.observations() != 0 && (!is_known(*least) || clock.now_ms() >= least->now_ms());
  };
  const PartitionClock* events = nullptr;
  for (const PartitionTimes& times : old) {
    const PartitionClock& clock = times.correlations.clock;
    if (counts(clock) && (events == nullptr || clock.now_ms() < events->now_ms())) events = &clock;
  }
  if (events != nullptr) joint.correlations.clock = *events;
  return joint;
}

}  // namespace weir
